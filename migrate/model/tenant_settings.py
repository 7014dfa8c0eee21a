"""What the operator has to tell about a tenant because no API shows it, with who said so and when."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from migrate.model.record import Record

BASELINE_PAGE = "https://aka.ms/BaselineScopesSettingsUX"
"""The page of the Entra admin center that shows the setting; Graph has no member for it."""

ANSWER_COUNTS_FOR = timedelta(days=30)
"""The setting can change at any time, so an older answer is none."""


class BaselineSetting(StrEnum):
    """How sign-ins that ask only for baseline scopes are judged where a policy excludes a resource.

    Source: Entra page "Conditional Access: Enforcement for policies with resource exclusions".
    """

    UNANSWERED = "unanswered"
    ENFORCED = "enforced"
    """As sign-ins to Windows Azure Active Directory."""
    DISABLED = "disabled"
    """Policies for all resources that exclude one do not reach them."""
    CUSTOMISED = "customised"
    """Policies for all resources that exclude the placeholder application do not reach them."""


class BaselineScopes(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The operator's answer."""

    setting: BaselineSetting = BaselineSetting.UNANSWERED
    placeholder: str | None = None
    """Id of the placeholder application (lower case) of a customised tenant."""
    said_by: str | None = None
    said_on: str | None = None
    """ISO date on which the page was looked at; None counts for `explain` and `coverage`, and stops a plan."""

    @property
    def is_answer(self) -> bool:
        """Tell whether anything was answered."""
        return self.setting is not BaselineSetting.UNANSWERED

    @property
    def words(self) -> str:
        """Return the answer with who and when."""
        placeholder = f" with the placeholder {self.placeholder}" if self.placeholder else ""
        when = f", seen by {self.said_by or 'nobody named'} on {self.said_on}" if self.said_on else ", without a date"
        return f"{self.setting.value}{placeholder}{when}" if self.is_answer else self.setting.value


UNANSWERED = BaselineScopes()


def answer_on(answer: BaselineScopes | None, day: date) -> BaselineScopes:
    """Return the answer as it counts on a day: one of more than thirty days ago counts as none."""
    if answer is None:
        return UNANSWERED
    if answer.said_on is not None and date.fromisoformat(answer.said_on) + ANSWER_COUNTS_FOR < day:
        return UNANSWERED
    return answer
