"""The hundred services of Apprise, which is an extra: https://pypi.org/project/apprise/."""

from __future__ import annotations

import logging

from llmcost.notify.outlet import Destination, Message, UndeliveredError

MISSING = "apprise is not installed: pip install 'llmcost[notify]'"


def send(message: Message, to: Destination) -> None:
    try:
        import apprise
    except ImportError:
        raise UndeliveredError(MISSING) from None
    log = logging.getLogger("apprise")
    # Its log holds addresses, which are credentials; without a handler Python would write it to stderr.
    log.addHandler(logging.NullHandler())
    log.propagate = False
    sender = apprise.Apprise()
    if not sender.add(to.address):
        raise UndeliveredError("Apprise does not know this kind of address")
    if not sender.notify(body=message.text, title=message.title, body_format="text"):
        raise UndeliveredError("Apprise could not deliver it")
