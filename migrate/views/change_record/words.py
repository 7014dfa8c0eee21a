"""The sentences of a change record in one language. `{}` places are filled by `fields.py`."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.model.record import Record
from migrate.model.report import Phase


class ChangeWords(Record, frozen=True, kw_only=True):
    """What a change record says."""

    titles: Mapping[str, str]
    """Headings of the Markdown, by field."""
    empty: str
    """What stands in the Markdown for a field that people fill."""
    sandbox: str
    one_person: str
    people: str
    """`{}` for the number."""
    one_account: str
    accounts: str
    """`{}` for the number."""
    short: str
    """`{people}`, `{tenant}`."""
    short_no_plan: str
    described: str
    """`{people}`, `{total}`, `{tenant}`, `{domain}`, `{tenant_id}`."""
    held: str
    """`{held}`."""
    policies: str
    """`{policies}`."""
    no_policies: str
    newly: str
    """`{people}`, `{policy}`."""
    nobody_registers: str
    as_of: str
    """`{at}`, `{plan}`."""
    justification: str
    compare: str
    """`{command}`, `{plan}`."""
    policy_line: str
    """`{policies}`, `{command}`."""
    wave_line: str
    """`{number}`, `{name}`, `{people}`, `{when}`, `{command}`."""
    not_before: str
    """`{at}`."""
    hours: str
    """`{hours}`."""
    any_time: str
    close_line: str
    """`{command}`."""
    last_line: str
    no_plan: str
    test_verify: str
    test_person: str
    """`{person}`, `{command}`."""
    test_emergency: str
    """`{accounts}`."""
    no_emergency: str
    back_look: str
    back_do: str
    back_file: str
    back_not: str
    blast: str
    """`{people}`, `{total}`."""
    guards: str
    open_people: str
    """`{people}`."""
    blockers: str
    """`{number}`."""
    exceptions: str
    """`{number}`."""
    outcomes: Mapping[Phase, str]
    counts: str
    """`{migrated}`, `{planned}`, `{held}`, `{back}`, `{failed}`, `{doubt}`."""
    wave_outcome: str
    """`{number}`, `{name}`, `{done}`, `{people}`, `{when}`."""
    from_to: str
    """`{began}`, `{ended}`."""
    verified: str
    """`{at}`, `{users}`."""
    findings: str
    """`{at}`, `{number}`."""
    not_verified: str
    changed_since: str
    journal: str
    """`{entries}`, `{hash}`."""

    def of_people(self, number: int) -> str:
        """Return how many people, in words."""
        return self.one_person if number == 1 else self.people.format(number)

    def of_accounts(self, number: int) -> str:
        """Return how many accounts, in words."""
        return self.one_account if number == 1 else self.accounts.format(number)


ENGLISH = ChangeWords(
    titles={
        "short_description": "Short description",
        "description": "Description",
        "type": "Type",
        "category": "Category",
        "risk": "Risk",
        "impact": "Impact",
        "justification": "Justification",
        "implementation_plan": "Implementation plan",
        "test_plan": "Test plan",
        "backout_plan": "Backout plan",
        "risk_impact_analysis": "Risk and impact analysis",
        "start_date": "Planned start",
        "end_date": "Planned end",
        "close_notes": "Close notes",
    },
    empty="(for people to decide)",
    sandbox="REHEARSAL in a sandbox; no real tenant.",
    one_person="1 person",
    people="{} people",
    one_account="1 account",
    accounts="{} accounts",
    short="Disable per-user MFA for {people} in {tenant}; Conditional Access requires MFA instead",
    short_no_plan="Move {tenant} from per-user MFA to Conditional Access (no plan yet)",
    described="Per-user MFA is disabled for {people} of {total} of {tenant} ({domain}, {tenant_id}). From then on "
    "Conditional Access policies alone require MFA of them.",
    held="Held back, and left as they are: {held} with per-user MFA.",
    policies="Policies: {policies}.",
    no_policies="No policy is created or changed.",
    newly="Newly required to use MFA by {policy}: {people}.",
    nobody_registers="Registered methods are not touched: nobody has to register again.",
    as_of="State of {at}; plan {plan}.",
    justification="Per-user MFA is set person by person and knows no conditions. Conditional Access "
    "requires MFA by policy, for everybody whom it is for, and can be read, tested and rolled back as one.",
    compare="Look at the plan: `{command}`. Its digest must be {plan}.",
    policy_line="Policies: {policies}. `{command}`, and again after each wait that it names",
    wave_line="Wave {number} ({name}): {people}, {when}. `{command}`",
    not_before="not before {at}",
    hours="between {hours}",
    any_time="at any time of the change window",
    close_line="To close the run, and to try again whoever failed: `{command}`",
    last_line="After each wave: `mfa-migrate verify`; exit code 0 means that nothing was found.",
    no_plan="There is no plan yet: `mfa-migrate plan`.",
    test_verify="`mfa-migrate verify` reads the tenant afresh: states, policies, coverage, registered methods. "
    "Expected: "
    "no finding.",
    test_person="One person of the first wave signs in from a new browser session and is asked for MFA ({person}); "
    "`{command}` names the policies that ask.",
    test_emergency="One emergency access account signs in ({accounts}), and `mfa-migrate doctor --tested` notes it.",
    no_emergency="The plan names no emergency access account: decide before the change who gets in when policies lock "
    "everybody out.",
    back_look="Look first, nothing is sent: `mfa-migrate rollback --what-if`",
    back_do="Everybody of the run back as they were: `mfa-migrate rollback`; one wave: `mfa-migrate rollback --wave N`",
    back_file="Without the working folder's databases: `mfa-migrate rollback --file rollback.csv`",
    back_not="Not restored: sessions that ended; and whoever was enabled may be found enforced, since Microsoft "
    "promotes "
    "whoever has a method.",
    blast="At most {people} of {total} change, and only while enabled policies provably require MFA of them: "
    "each is read and proven again right before the write, and read back after it.",
    guards="A wave stops by itself when too many fail; the way back is on disk before the first write.",
    open_people="MFA is required today by neither way, or not always, of {people}; this change does not help them.",
    blockers="Blockers that stand in the way of the plan: {number}.",
    exceptions="Exceptions accepted by name: {number}; exceptions.csv of the evidence folder says who decided them.",
    outcomes={
        Phase.EXPORTED: "Nothing is planned yet.",
        Phase.PLANNED: "Nothing was applied yet.",
        Phase.REPORT_ONLY: "Under way: a policy stays report-only for a while before people are changed.",
        Phase.SETTLING: "Under way: policies are settling before people are changed.",
        Phase.WAITING: "Under way: the run waits.",
        Phase.UNDER_WAY: "Under way.",
        Phase.STOPPED: "Stopped before its end.",
        Phase.THROUGH: "The run is through.",
        Phase.ROLLED_BACK: "Rolled back: nobody of the run is disabled by it any more.",
    },
    counts="Disabled and read back: {migrated} of {planned}. Held back: {held}. Rolled back: {back}. Failed or "
    "skipped: "
    "{failed}. Not known: {doubt}.",
    wave_outcome="Wave {number} ({name}): {done} of {people}{when}.",
    from_to=", {began} to {ended}",
    verified="Checked by `mfa-migrate verify` at {at}: {users} read, nothing found.",
    findings="Checked by `mfa-migrate verify` at {at}. Findings: {number}.",
    not_verified="Not checked since: `mfa-migrate verify` was not run after it.",
    changed_since="Something was changed after that check.",
    journal="Journal: {entries} entries, last hash {hash}.",
)

GERMAN = ChangeWords(
    titles={
        "short_description": "Kurzbeschreibung",
        "description": "Beschreibung",
        "type": "Art",
        "category": "Kategorie",
        "risk": "Risiko",
        "impact": "Auswirkung",
        "justification": "Begründung",
        "implementation_plan": "Umsetzungsplan",
        "test_plan": "Testplan",
        "backout_plan": "Rückfallplan",
        "risk_impact_analysis": "Risiko- und Auswirkungsanalyse",
        "start_date": "Geplanter Beginn",
        "end_date": "Geplantes Ende",
        "close_notes": "Abschlussnotiz",
    },
    empty="(entscheiden Menschen)",
    sandbox="PROBE in einer Sandbox; kein echter Mandant.",
    one_person="1 Person",
    people="{} Personen",
    one_account="1 Konto",
    accounts="{} Konten",
    short="Benutzerbezogene MFA für {people} in {tenant} deaktivieren; bedingter Zugriff verlangt MFA",
    short_no_plan="{tenant} von benutzerbezogener MFA auf bedingten Zugriff umstellen (noch kein Plan)",
    described="Benutzerbezogene MFA wird für {people} von {total} in {tenant} ({domain}, {tenant_id}) deaktiviert. "
    "Danach verlangen allein Richtlinien für bedingten Zugriff MFA von ihnen.",
    held="Zurückgehalten, und so gelassen, wie sie sind: {held} mit benutzerbezogener MFA.",
    policies="Richtlinien: {policies}.",
    no_policies="Keine Richtlinie wird angelegt oder geändert.",
    newly="Neu verlangt {policy} MFA von: {people}.",
    nobody_registers="Registrierte Methoden bleiben unberührt: niemand muss sich neu registrieren.",
    as_of="Stand {at}; Plan {plan}.",
    justification="Benutzerbezogene MFA wird Person für Person gesetzt und kennt keine Bedingungen. Bedingter "
    "Zugriff verlangt MFA durch eine Richtlinie, für alle, die sie betrifft, und lässt sich als Ganzes lesen, prüfen "
    "und zurücknehmen.",
    compare="Den Plan ansehen: `{command}`. Sein Hashwert muss {plan} sein.",
    policy_line="Richtlinien: {policies}. `{command}`, und nach jeder Wartezeit, die es nennt, noch einmal",
    wave_line="Welle {number} ({name}): {people}, {when}. `{command}`",
    not_before="nicht vor {at}",
    hours="zwischen {hours}",
    any_time="jederzeit im Änderungsfenster",
    close_line="Den Lauf abschließen, und nochmals versuchen, wer fehlschlug: `{command}`",
    last_line="Nach jeder Welle: `mfa-migrate verify`; Exitcode 0 heißt, dass nichts gefunden wurde.",
    no_plan="Es gibt noch keinen Plan: `mfa-migrate plan`.",
    test_verify="`mfa-migrate verify` liest den Mandanten neu: Zustände, Richtlinien, Abdeckung, registrierte "
    "Methoden. "
    "Erwartet: kein Befund.",
    test_person="Eine Person der ersten Welle meldet sich in einer neuen Browsersitzung an und wird nach MFA gefragt "
    "({person}); `{command}` nennt die Richtlinien, die fragen.",
    test_emergency="Ein Notfallkonto meldet sich an ({accounts}), und `mfa-migrate doctor --tested` hält es fest.",
    no_emergency="Der Plan nennt kein Notfallkonto: vor der Änderung entscheiden, wer hineinkommt, wenn Richtlinien "
    "alle "
    "aussperren.",
    back_look="Erst ansehen, nichts wird gesendet: `mfa-migrate rollback --what-if`",
    back_do="Alle des Laufs zurück, wie sie waren: `mfa-migrate rollback`; eine Welle: `mfa-migrate rollback --wave N`",
    back_file="Ohne die Datenbanken des Arbeitsordners: `mfa-migrate rollback --file rollback.csv`",
    back_not="Nicht wiederhergestellt: Sitzungen, die endeten; und wer enabled war, kann enforced vorgefunden "
    "werden, weil "
    "Microsoft jeden befördert, der eine Methode hat.",
    blast="Geändert werden höchstens {people} von {total}, und nur solange eingeschaltete Richtlinien "
    "nachweislich MFA "
    "von ihnen verlangen: jedes wird unmittelbar vor dem Schreiben neu gelesen und geprüft und danach zurückgelesen.",
    guards="Eine Welle hält von selbst an, wenn zu viele fehlschlagen; der Rückweg liegt vor dem ersten Schreiben "
    "auf der "
    "Platte.",
    open_people="Auf keinem der beiden Wege, oder nicht immer, wird MFA heute verlangt von: {people}; ihnen hilft "
    "diese Änderung nicht.",
    blockers="Hindernisse, die dem Plan im Weg stehen: {number}.",
    exceptions="Namentlich angenommene Ausnahmen: {number}; exceptions.csv im Nachweisordner sagt, wer sie entschied.",
    outcomes={
        Phase.EXPORTED: "Noch ist nichts geplant.",
        Phase.PLANNED: "Noch wurde nichts angewendet.",
        Phase.REPORT_ONLY: "Im Gang: eine Richtlinie bleibt eine Weile im Nur-Bericht-Modus, bevor Personen geändert "
        "werden.",
        Phase.SETTLING: "Im Gang: Richtlinien setzen sich, bevor Personen geändert werden.",
        Phase.WAITING: "Im Gang: der Lauf wartet.",
        Phase.UNDER_WAY: "Im Gang.",
        Phase.STOPPED: "Vor dem Ende angehalten.",
        Phase.THROUGH: "Der Lauf ist durch.",
        Phase.ROLLED_BACK: "Zurückgenommen: niemand aus dem Lauf ist durch ihn noch deaktiviert.",
    },
    counts="Deaktiviert und zurückgelesen: {migrated} von {planned}. Zurückgehalten: {held}. Zurückgenommen: {back}. "
    "Fehlgeschlagen oder übersprungen: {failed}. Nicht bekannt: {doubt}.",
    wave_outcome="Welle {number} ({name}): {done} von {people}{when}.",
    from_to=", {began} bis {ended}",
    verified="Geprüft mit `mfa-migrate verify` um {at}: {users} gelesen, nichts gefunden.",
    findings="Geprüft mit `mfa-migrate verify` um {at}. Befunde: {number}.",
    not_verified="Seither nicht geprüft: `mfa-migrate verify` lief danach nicht.",
    changed_since="Nach dieser Prüfung wurde noch etwas geändert.",
    journal="Journal: {entries} Einträge, letzter Hashwert {hash}.",
)

LANGUAGES = {"en": ENGLISH, "de": GERMAN}
