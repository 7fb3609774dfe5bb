from luasip.transaction import outputs


def test_bits_are_distinct_and_in_the_order_to_perform() -> None:
    bits = [getattr(outputs, name) for name in outputs.NAMES]
    assert bits == [1 << position for position in range(len(bits))]


def test_describe() -> None:
    assert outputs.describe(outputs.NOTHING) == "NOTHING"
    assert outputs.describe(outputs.PASS | outputs.SEND_ACK) == "SEND_ACK PASS"
    assert outputs.describe(outputs.TERMINATED | outputs.TIMEOUT) == "TIMEOUT TERMINATED"
