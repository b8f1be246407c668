"""Things that people type and nobody may ever read: all made up.

Telephone numbers are of the block 010-0000-xxxx, which is not given out; mail addresses end in
example.com (RFC 2606); registration and card numbers have a wrong check digit.
"""

from dataclasses import dataclass
from typing import Final

from silgeom.simulate.parameters import FLOOR


@dataclass(frozen=True, slots=True)
class Typed:
    """A query typed by so many people, so often altogether.

    Attributes:
        kind: email, phone, resident, card or digits (a pattern betrays it); or anonymity (only
            the number of people protects it, or lets it pass).
        text: the query.
        people: different people.
        searches: altogether, at least one each.
    """

    kind: str
    text: str
    people: int
    searches: int


def _wrong_resident_number(first_twelve: str) -> str:
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(w * int(digit) for w, digit in zip(weights, first_twelve, strict=True))
    right = (11 - total % 11) % 10
    return f"{first_twelve[:6]}-{first_twelve[6:]}{(right + 3) % 10}"


def _wrong_card_number(first_fifteen: str) -> str:
    doubled = (int(digit) * (2 if i % 2 == 0 else 1) for i, digit in enumerate(first_fifteen))
    right = -sum(value - 9 if value > 9 else value for value in doubled) % 10
    digits = first_fifteen + str((right + 3) % 10)
    return "-".join(digits[i : i + 4] for i in range(0, 16, 4))


PERSONAL: Final[tuple[Typed, ...]] = (
    Typed("phone", "010-0000-7777 스팸", 14, 15),  # many people: only the pattern can stop it
    Typed("phone", "010-0000-4821", 1, 2),
    Typed("phone", "01000003164", 1, 1),
    Typed("phone", "010 0000 9052 누구 번호", 2, 2),
    Typed("phone", "이사짐 010-0000-2746", 1, 3),
    Typed("phone", "공일공 공공공공 팔일이삼", 1, 2),
    Typed("email", "garam.shin@example.com", 1, 4),
    Typed("email", "noeul_97@example.com 메일 안옴", 1, 1),
    Typed("email", "haneul.jo@example.net", 2, 2),
    Typed("email", "contact@example.org", 7, 8),  # above the floor, too
    Typed("resident", _wrong_resident_number("900101100000"), 1, 1),
    Typed("resident", _wrong_resident_number("851224200000"), 1, 2),
    Typed("resident", f"등본 {_wrong_resident_number('030517400000')}", 1, 1),
    Typed("card", _wrong_card_number("400000000000123"), 1, 1),
    Typed("card", _wrong_card_number("540000000000777"), 1, 2),
    Typed("digits", "11000000012345", 1, 2),
    Typed("digits", "계좌번호 3020000000987", 1, 1),
)

ANONYMITY: Final[tuple[Typed, ...]] = (
    Typed("anonymity", "배나루 옛날 주소", 1, 100),  # often, but by one person
    Typed("anonymity", "서라온 전학 이유", FLOOR - 1, 9),  # one person short of the floor
    Typed("anonymity", "도하람 동창회", FLOOR, 6),  # just on the floor: may be shown
)
