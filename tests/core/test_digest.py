import hashlib
import subprocess
import sys

from llmcost.core.digest import blake2b


def test_the_digest_is_hashlib_s() -> None:
    data = b"a price book"
    assert blake2b(data, digest_size=16).digest() == hashlib.blake2b(data, digest_size=16).digest()


def test_prices_are_read_without_openssl() -> None:
    code = "import sys, llmcost.pricing.store, llmcost.breakeven.evidence_store; print('_hashlib' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
