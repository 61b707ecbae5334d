"""Texts on which counts are held against tiktoken's: an article in Chinese, and strings drawn from a seed."""

from __future__ import annotations

import random

#: Code points that are letters, marks or digits in Unicode 17.0, which toktok 0.3.0 knows, and unassigned in 16.0, the
#: tables of tiktoken 0.14.0. They split a text elsewhere. Found by counting a+c+b, c, A+c+a, 1+c+1, c twice between
#: blanks, !+c+!, c+'s and line ends around c for every code point c; all others count the same in both encodings.
#: (o200k_base: all of these; cl100k_base, to which a mark is no letter: fewer.)
NEWER = (
    (0x088F, 0x088F), (0x0C5C, 0x0C5C), (0x0CDC, 0x0CDC), (0x1ACF, 0x1ADD), (0x1AE0, 0x1AEB), (0xA7CE, 0xA7CF),
    (0xA7D2, 0xA7D2), (0xA7D4, 0xA7D4), (0xA7F1, 0xA7F1), (0x10940, 0x10959), (0x10EC5, 0x10EC7), (0x10EFA, 0x10EFB),
    (0x11B60, 0x11B67), (0x11DB0, 0x11DDB), (0x11DE0, 0x11DE9), (0x16EA0, 0x16EB8), (0x16EBB, 0x16ED3),
    (0x16FF2, 0x16FF6), (0x187F8, 0x187FF), (0x18D09, 0x18D1E), (0x18D80, 0x18DF2), (0x1E6C0, 0x1E6DE),
    (0x1E6E0, 0x1E6F5), (0x1E6FE, 0x1E6FF), (0x2B73A, 0x2B73F), (0x2CEA2, 0x2CEAD), (0x323B0, 0x33479),
)  # fmt: skip

ARTICLE = """# 大模型推理成本拆解：从 Token 到账单

> 摘要：本文以一家日均两百万次调用的客服平台为例，说明输入、输出与缓存三类 Token 如何变成账单上的数字。

## 一、为什么 Token 不是“字”

很多团队在做预算时，习惯用“一个汉字约等于一个 Token”来估算。
这个经验值在 `cl100k_base` 上偏低，在 `o200k_base` 上又偏高：
例如“人工智能”在新词表里往往只占一到两个 Token，而“饕餮”“龘”这类生僻字却会被拆成三个甚至更多的字节片段。

| 文本类型 | 字符数 | Token 数（估） | 备注 |
|:--------|------:|------:|:-----|
| 中文新闻 | 1,000 | 约 680 | 标点多为全角 |
| 代码注释 | 1,000 | 约 410 | 中英混排，如 `# 计算总价 total_price` |
| JSON 日志 | 1,000 | 约 520 | 引号、花括号各占其位 |

## 二、计算公式

设输入为 $n_{in}$，命中缓存的比例为 $\\alpha$，则单次费用为：

$$C = n_{in}\\left[(1-\\alpha)p_{in} + \\alpha p_{cache}\\right] + n_{out}\\,p_{out}$$

```python
def 单次费用(输入: int, 输出: int, *, 单价=(2.5, 10.0)) -> float:
    \"\"\"返回美元；单价以每百万 Token 计。\"\"\"
    return (输入 * 单价[0] + 输出 * 单价[1]) / 1_000_000


if __name__ == "__main__":
    print(f"合计：{单次费用(12_345, 678):.6f} 美元")  # ≈0.037643
```

## 三、三点建议

1. **把稳定的前缀放在最前面**。日期、工号、会话 ID（形如 `2026-11-26T09:30:00+08:00`）
   一旦出现在系统提示词的开头，缓存便全部失效。
2. **精简工具描述**：`{"type":"object","properties":{"城市":{"type":"string","description":"城市名，如“上海”"}}}`
   里的空格与换行都要付钱。
3. **先估后发**——别等到月底才发现“涨了 37.5%”；¥1＝$0.14 的汇率也会让结论走样……

他说：「成本优化，不是少用，而是用对。」（全文完）　　作者：王小明＆Ｌｉ Ｌｅｉ　①②③　ｶﾀｶﾅ　한국어도 섞어 봅니다。
"""

_SPECIAL = (
    "<|endoftext|>",
    "<|endofprompt|>",
    "<|fim_prefix|>",
    "<|start|>",
    "<|im_start|>user",
    "<|reserved_200013|>",
)
_POOLS = (
    "abc XYZ 019 \n\t'", "etaoin shrdlu ETAOIN", "don't we'll I'M they'RE it'S ''s 'd", "{}[]();=<>_|&/\\#$`~^*+-\"",
    "的一是不了人我在有他龘饕餮，。！「」", "あいうカナｶﾅ々ー한국어", "éßñüĳǅǈÆøŁ", "приветΓειάשלוםمرحباनमस्तेไทย",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467\ufe0f\u2764\U0001f1e9\U0001f1ea\U0001f3fd",
    "e\u0301a\u0308\u0323o\u20dd\u0e33", " \t\n\r\v\f\x85\xa0\u2003\u2028\u3000\u200b", "0123456789٠١२३௧Ⅷ½²①",
    "".join(map(chr, range(32))) + "\x7f\x80\x9f", "\ud800\udfff\ud83d\ude00", "/:.@?=&%-_",
    "\ufeff\ufffd\ufffe\U000e0041\U0010ffff",
)  # fmt: skip


def is_newer(code: int) -> bool:
    return any(low <= code <= high for low, high in NEWER)


def strings(number: int, seed: int = 17) -> list[str]:
    """`number` strings of up to some 300 characters: mixed scripts, repeats, white space, controls, surrogates."""
    draw = random.Random(seed)
    return [_string(draw) for _ in range(number)]


def _string(draw: random.Random) -> str:
    pools = draw.sample(_POOLS, draw.randrange(1, 4))
    return "".join(_piece(draw, draw.choice(pools)) for _ in range(draw.randrange(12)))


def _piece(draw: random.Random, pool: str) -> str:
    kind = draw.randrange(20)
    if kind == 0:
        return draw.choice(_SPECIAL)
    if kind == 1:
        return draw.choice(pool) * draw.choice((2, 3, 7, 8, 64, 250))
    if kind == 2:
        return draw.choice((" ", "\n", "\r\n", "\t", "\u3000")) * draw.randrange(1, 20)
    if kind == 3:
        return _anywhere(draw)
    return "".join(draw.choice(pool) for _ in range(draw.randrange(1, 12)))


def _anywhere(draw: random.Random) -> str:
    """A code point of any plane, but for those that the two libraries class differently."""
    while is_newer(code := draw.choice((draw.randrange(0x3000), draw.randrange(0x20000), draw.randrange(0x110000)))):
        pass
    return chr(code)
