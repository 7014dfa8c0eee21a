"""The three states in the languages of Microsoft's pages, for lists that somebody kept in their own words.

The words are those of the table of states on Microsoft's localised pages of howto-mfa-userstates (learn.microsoft.com
/LOCALE/entra/identity/authentication/howto-mfa-userstates; as Markdown in the repositories azure-docs.LOCALE, in
articles/active-directory/authentication/howto-mfa-userstates.md): de-de (commit 139f40e6), fr-fr (027373ca),
es-es (0c93c769), it-it (00469085), ja-jp (0074ab9b), pt-pt (02fa107c), pt-br (07dfde73), nl-nl (02e513a5). Where the
table of a page was left in English or has a word in two genders, the words of the sentences below it count as well.
"""

from __future__ import annotations

from enum import Enum

from migrate.model.users import MfaState


class Language(Enum):
    """A language whose words for the states are known."""

    GERMAN = "German"
    FRENCH = "French"
    SPANISH = "Spanish"
    ITALIAN = "Italian"
    JAPANESE = "Japanese"
    PORTUGUESE = "Portuguese"
    DUTCH = "Dutch"


WORDS: dict[Language, dict[MfaState, tuple[str, ...]]] = {
    Language.GERMAN: {
        MfaState.DISABLED: ("Deaktiviert",),
        MfaState.ENABLED: ("Aktiviert",),
        MfaState.ENFORCED: ("Erzwungen",),
    },
    Language.FRENCH: {
        MfaState.DISABLED: ("Désactivé",),
        MfaState.ENABLED: ("Activé",),
        MfaState.ENFORCED: ("Appliqué", "Appliquée"),
    },
    Language.SPANISH: {
        MfaState.DISABLED: ("Deshabilitado",),
        MfaState.ENABLED: ("Habilitado",),
        MfaState.ENFORCED: ("Aplicado",),
    },
    Language.ITALIAN: {
        MfaState.DISABLED: ("Disabilitato",),
        MfaState.ENABLED: ("Abilitato", "Attivato"),
        MfaState.ENFORCED: ("Applicato",),
    },
    Language.JAPANESE: {
        MfaState.DISABLED: ("無効",),
        MfaState.ENABLED: ("有効",),
        MfaState.ENFORCED: ("適用",),
    },
    Language.PORTUGUESE: {
        MfaState.DISABLED: ("Desativado", "Desabilitado"),
        MfaState.ENABLED: ("Ativado", "Habilitado"),
        MfaState.ENFORCED: ("Imposto",),
    },
    Language.DUTCH: {
        MfaState.DISABLED: ("Uitgeschakeld",),
        MfaState.ENABLED: ("Ingeschakeld",),
        MfaState.ENFORCED: ("Afgedwongen",),
    },
}


def readings_of(word: str) -> dict[Language, MfaState]:
    """Return what a word means, by language; nothing for a word that is no state anywhere."""
    key = word.casefold()
    return {
        language: state
        for language, states in WORDS.items()
        for state, words in states.items()
        if key in (each.casefold() for each in words)
    }
