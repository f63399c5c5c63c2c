"""What an id or a category means, however it is written: as a number, as text or as a date."""

import re
from decimal import Decimal
from functools import lru_cache

import numpy as np

# "1.10" is a name, as of a chapter or a diagnosis, that "1.1" is not: numbers are written without zeros behind
_NUMBER = re.compile(r"[+-]?([0-9]+(\.0*)?|[0-9]*\.[0-9]*[1-9])([eE][+-][0-9]{1,3})?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]+))?(?:Z| ?([+-])([0-9]{2}):?([0-9]{2})(?::([0-9]{2}))?)?)?"
)


def meaning(value):
    """One form of whatever a reader would take for the same id; two values of one meaning are lookalikes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks.meaning import meaning
    >>> meaning("01") == meaning(1.0) == meaning(b"1 ") == 1
    True
    >>> meaning(np.datetime64("2020-01-01")) == meaning("2020-01-01 01:00:00+01:00")
    True
    >>> meaning("1.10") == meaning("1.1"), meaning(True) == meaning("True")
    (False, True)
    """
    return tuple(meaning(level) for level in value) if isinstance(value, tuple) else _meaning(value)


# asked of every known id whenever a new one comes; equal values of two types, as 1 and True, mean two things
@lru_cache(maxsize=2**16, typed=True)
def _meaning(value):
    if type(value) is int or value is None:
        return value
    text = (value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)).strip()
    if _NUMBER.fullmatch(text):
        return _number(text)
    if found := _MOMENT.fullmatch(text):
        return _moment(text, *found.groups())
    return text


def _number(text):
    """A number, exact however long; one that only single precision writes shorter is that shorter one."""
    wide = float(text)
    if wide % 1 > 0 and float(single := np.float32(wide)) == wide:
        text = str(single)
    return Decimal(text)


def _moment(text, day, time, fraction, sign, *offset):
    """A moment as text, in the zone of Greenwich; without a zone it is taken as if it were there."""
    try:
        moment = np.datetime64(f"{day}T{time or '00:00'}", "s")
    except ValueError:  # it only looks like one, as the 30th of February
        return text
    hours, minutes, seconds = (int(part or 0) for part in offset)
    ahead = np.timedelta64(3600 * hours + 60 * minutes + seconds, "s")
    moment = moment + ahead if sign == "-" else moment - ahead
    return f"{moment}.{(fraction or '').rstrip('0')}"
