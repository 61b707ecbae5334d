"""How hard a prompt looks, from cue words in Chinese and English. A heuristic: it knows words, not tasks."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

Level = Literal["low", "medium", "high"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high")

#: A prompt of this many characters is not easy, whatever its words.
LONG_PROMPT = 500
#: Letters beside the greeting itself: "thank you very much", 谢谢你的帮助.
_POLITE = 10
#: Instructions stand at the beginning or the end; what is between is usually material.
_WINDOW = 20_000


class Complexity(NamedTuple):
    level: Level
    cues: tuple[str, ...]
    """The words it was decided on, in the order they were looked for."""


def _english(words: str) -> str:
    # Not \b: Chinese characters count as word characters, so "请compare一下" would have no boundary.
    return rf"(?<![a-z0-9_])(?:{words})(?![a-z0-9_])"


#: A task that takes several steps of thought.
_HIGH = tuple(
    re.compile(pattern)
    for pattern in (
        _english(r"analy[sz](?:e|es|ed|ing)|analysis"),
        _english(r"prove|proof|derive|derivation"),
        _english(r"reason(?:ing)? (?:about|through|step)|step[- ]by[- ]step"),
        _english(r"explain(?:ed)?(?: [a-z]+){0,4} in (?:\w+ )?detail|detailed explanation|explain thoroughly"),
        _english(r"compar(?:e|es|ed|ing|ison)|contrast"),
        _english(r"evaluat(?:e|es|ed|ing|ion)|assess(?:ment)?|critique|trade-?offs?"),
        r"分析(?!师|師|仪|儀|员|員|家)",
        r"推理(?!小说|小說|片|剧|劇)|推导|推導|论证|論證",
        r"(?<!身份)(?<!在职)(?<!收入)(?<!工作)(?<!学历)(?<!身分)(?:证明|證明)(?!信|书|書|文件|材料|人)",
        r"(?:详细|詳細|深入)(?:地|的)?(?:解释|解釋|说明|說明|讨论|討論|阐述|闡述)",
        r"(?:比较|比較)(?:一下|下|并|並|以下|这|這|两|兩|各|不同|分析|[^,。，;；!！?？\n]{1,24}(?:和|与|與|跟|及|同))",
        r"对比|對比|评估(?!师)|評估(?!師)|评价|評價|权衡|權衡",
    )
)
#: A short answer is asked for.
_LOW = tuple(
    re.compile(pattern)
    for pattern in (
        _english(r"briefly|in (?:one|a) (?:word|sentence|line)|in short|yes or no|overview|simple|simply|tl;?dr"),
        r"简单|簡單|概述|概括|简述|簡述|一句话|一句話|简要|簡要|扼要",
    )
)
#: Politeness: easy when nothing else is asked.
_SOCIAL = tuple(
    re.compile(pattern)
    for pattern in (
        _english(r"hi|hello|hey|good (?:morning|evening|afternoon)|thanks|thank you|thx|bye"),
        r"你好|您好|谢谢|謝謝|多谢|再见|再見|早上好|晚安",
    )
)
#: 是 and 否 are answers only when nothing else is said: inside 是否, 但是, 否则 they are no cue.
_BARE = re.compile(r"(?:是|是的|否|不是|对|對|好|好的|嗯|yes|no|ok|okay|y|n)[\s.!?。！？~]*")

_NOT_ENGLISH = re.compile(
    r"(?<![a-z])(?:do not|don't|dont|don’t|need not|needn't|never|without|not|no|avoid|skip)"
    r"(?: (?:to|any|the|a|in|further|really|please|\w+ly|be|need)){0,3}(?: \w+,? (?:or|and|nor))? $"
)
_ONLY_ENGLISH = re.compile(r"(?<![a-z])(?:only|just|merely|simply) $")
_NOT_CHINESE = re.compile(
    r"(?:不(?:需要|用|要|必|想|是|需|应|应该|做|作)?|无需|无须|無需|無須|毋须|别|別|没必要|没有必要|沒有必要|勿|请勿|免)"
    r"[^,。，;；!！?？、\n]{0,4}$"
)
#: 能不能分析 asks for it; 不仅分析, 不要只分析 and 不得不分析 ask for more.
_ASKING = re.compile(
    r"([能要会會可该是好用])不(?:\1|可以)|(?:不要?|别|別)(?:仅|僅|但|只|光|单|單)|不(?:妨|得不|要忘记|能不)"
)


def classify(prompt: str) -> Complexity:
    """`high` when cues of a hard task outweigh those of a short answer, `low` the other way round, else `medium`.

    A negated cue ("do not compare", 不用分析) does not count, nor does one inside another word (分析师, improve).
    Greetings count only when nothing else is asked. A prompt of `LONG_PROMPT` characters is at least medium.
    """
    text = _normalised(prompt)
    if _BARE.fullmatch(text):
        return Complexity("low", (text,))
    high, low = _cues(_HIGH, text), _cues(_LOW, text)
    level: Level = "medium"
    if len(high) > len(low):
        level = "high"
    elif len(low) > len(high):
        level = "low"
    cues = (*high, *low)
    if not cues and (social := _cues(_SOCIAL, text)) and not _asks_more(text):
        level, cues = "low", social
    if level == "low" and len(prompt) >= LONG_PROMPT:
        level = "medium"
    return Complexity(level, cues)


def _asks_more(text: str) -> bool:
    """Whether anything but politeness is left: a letter with a "thank you" in it is no greeting."""
    for pattern in _SOCIAL:
        text = pattern.sub("", text)
    # A Chinese character says as much as two letters.
    return sum(1 if sign.isascii() else 2 for sign in text if sign.isalnum()) > _POLITE


def _normalised(prompt: str) -> str:
    if len(prompt) > 2 * _WINDOW:
        prompt = f"{prompt[:_WINDOW]}\n{prompt[-_WINDOW:]}"
    text = unicodedata.normalize("NFKC", prompt).lower().strip()
    return re.sub(r"[ \t]+", " ", text)


def _cues(patterns: tuple[re.Pattern[str], ...], text: str) -> tuple[str, ...]:
    """The first unnegated match of each pattern."""
    found = []
    for pattern in patterns:
        for match in pattern.finditer(text):
            if not _negated(text, match.start()):
                found.append(match[0][:40])
                break
    return tuple(found)


def _negated(text: str, start: int) -> bool:
    before = text[max(0, start - 40) : start]
    if _NOT_ENGLISH.search(before) and not _ONLY_ENGLISH.search(before):
        return True
    return _NOT_CHINESE.search(_ASKING.sub("", before[-12:])) is not None
