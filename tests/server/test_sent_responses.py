"""luasip/server/transactions/sent_responses.py: counts by origin and class."""

from luasip.server.transactions.sent_responses import SentResponses


def test_counts() -> None:
    counts = SentResponses()
    assert set(counts.statistics().values()) == {0}
    for status, is_made_here in (
        (180, False),
        (200, False),
        (202, True),
        (302, True),
        (404, True),
        (503, False),
        (603, True),
    ):
        counts.count(status, is_made_here)
    assert counts.statistics() == {
        "tmx:rpl_generated": 4,
        "tmx:rpl_relayed": 3,
        "tmx:2xx_transactions": 2,
        "tmx:3xx_transactions": 1,
        "tmx:4xx_transactions": 1,
        "tmx:5xx_transactions": 1,
        "tmx:6xx_transactions": 1,
    }
