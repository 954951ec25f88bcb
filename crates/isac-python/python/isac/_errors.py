"""What can go wrong. Infeasible or undecided is a status of a result, no exception."""


class IsacError(Exception):
    """Every exception of this package."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class InputError(IsacError, ValueError):
    """Bad input.

    Attributes
    ----------
    field : str
        The argument or key as it was spelt, such as ``H`` or ``cases[0].gamma``; empty where a whole
        file is at fault.
    value : str
        What was given, shortened.
    expected : str
        What was expected.
    """

    def __init__(self, message: str = "", field: str = "", value: str = "", expected: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.expected = expected

    def __reduce__(self) -> tuple[type["InputError"], tuple[str, str, str, str]]:
        return InputError, (self.message, self.field, self.value, self.expected)


class NumericalError(IsacError, ArithmeticError):
    """The arithmetic broke down."""


class InternalError(IsacError, RuntimeError):
    """A fault of this package."""


def refuse(field: str, value: object, expected: str) -> InputError:
    """The exception for an argument."""
    text = str(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return InputError(f"{field}: got {text}, expected {expected}", field, text, expected)
