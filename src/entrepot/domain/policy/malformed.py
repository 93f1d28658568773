"""Why a text is no policy document."""

from dataclasses import dataclass


@dataclass(eq=False)
class MalformedPolicy(Exception):
    """The text breaks a rule of the language, at `place` (such as `Statement[0].Action`; "" for all of it).

    Not a Refusal: IAM says MalformedPolicyDocument with the reason, ECR says InvalidParameter without it,
    so the use case that took the text turns this into its own.
    """

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" if self.place else self.reason
