"""Runs one fuzz target under atheris, which follows the coverage: `python -m tests.fuzz.run TARGET [OPTION…]`.

The options are libFuzzer's. What it learns is kept in var/fuzz/TARGET and is where the next run begins; an input that
breaks something is written to var/fuzz/finds. `scripts/fuzz` is the way to call this.
"""

import hashlib
import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var/fuzz"

OPTIONS = [
    "-max_len=4096",
    "-timeout=10",  # seconds an input may take
    "-rss_limit_mb=1024",
    "-print_final_stats=1",
    "-reload=0",
]


def main(arguments: list[str]) -> None:
    """Fuzz until the options end it, or a find does."""
    import atheris  # type: ignore[import-untyped, unused-ignore]

    with atheris.instrument_imports(include=["luasip"]):
        from tests.fuzz.seeds import SEEDS
        from tests.fuzz.servers import SERVERS
        from tests.fuzz.targets import TARGETS

    targets = {**TARGETS, **SERVERS}
    name = arguments[0] if arguments else ""
    if name == "list":
        print("\n".join(targets))
        return
    if name not in targets:
        sys.exit(f"no target {name!r}; there are: {' '.join(targets)}")
    logging.disable(logging.WARNING)
    corpus, finds = FOLDER / name, FOLDER / "finds"
    for folder in (corpus, finds):
        folder.mkdir(parents=True, exist_ok=True)
    kept = Path(__file__).parent / "corpus" / name
    for seed in [*SEEDS[name], *(path.read_bytes() for path in sorted(kept.glob("*")))]:
        (corpus / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    words = FOLDER / "words"
    words.write_text("".join([f'"{word}"\n' for word in WORDS]), "utf-8")
    options = [*OPTIONS, f"-dict={words}", f"-artifact_prefix={finds}/{name}-", *arguments[1:]]
    atheris.Setup([sys.argv[0], *options, str(corpus)], targets[name])
    atheris.Fuzz()


WORDS = (
    *[r"\x0D\x0A", r"\x0D\x0A\x0D\x0A", "SIP/2.0", "INVITE", "OPTIONS", "CANCEL", "ACK", "Via: ", "From: ", "To: "],
    *["Call-ID: ", "CSeq: ", "Content-Length: ", "Contact: ", "Route: ", "Record-Route: ", "Max-Forwards: "],
    *["branch=z9hG4bK", "sip:", "sips:", "tel:", ";lr", ";tag=", ";rport", ";received=", "Digest ", "v=0", "m=audio "],
    *["c=IN IP4 ", "{s.", "{uri.", "{param.", "{nameaddr.", "{tobody.", "{line.", "{json.", "$(", "$var(", "$hdr("],
)

if __name__ == "__main__":
    main(sys.argv[1:])
