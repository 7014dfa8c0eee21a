"""The kinds of account that a generated company has, and how common each is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What users of one kind have in common."""

    name: str
    state: str
    """Per-user MFA state."""
    methods: tuple[str, ...] = ()
    """Registered methods, by the names of method_kinds.KINDS."""
    share: float = 0.0
    """Relative frequency among generated people; 0 for accounts that are only in the cast."""
    user_type: str = "Member"
    creation: str | None = None
    external_state: str | None = None
    enabled: bool = True
    synced: bool = False
    licensed: bool = True
    title: str | None = None


APP_AND_PHONE = ("microsoftAuthenticator", "mobilePhone")
APP = ("microsoftAuthenticator",)
PHONE = ("mobilePhone",)

ENFORCED = Profile(name="enforced, app and phone", state="enforced", methods=APP_AND_PHONE, share=36, synced=True)
ENFORCED_PHONE = Profile(name="enforced, phone only", state="enforced", methods=PHONE, share=9, synced=True)
ENABLED_UNREGISTERED = Profile(name="enabled, never registered", state="enabled", share=5)
DISABLED_PERSON = Profile(
    name="account disabled, state left on", state="enforced", methods=APP_AND_PHONE, share=3, enabled=False, synced=True
)
B2B_GUEST = Profile(
    name="B2B guest, enforced",
    state="enforced",
    methods=APP,
    share=1.2,
    user_type="Guest",
    creation="Invitation",
    external_state="Accepted",
    licensed=False,
)
B2B_MEMBER = Profile(
    name="B2B member",
    state="enforced",
    methods=APP,
    share=0.7,
    creation="Invitation",
    external_state="Accepted",
    licensed=False,
)
INTERNAL_GUEST = Profile(
    name="internal guest", state="enforced", methods=PHONE, share=0.7, user_type="Guest", licensed=False
)
PENDING_GUEST = Profile(
    name="invitation pending",
    state="disabled",
    share=0.8,
    user_type="Guest",
    creation="Invitation",
    external_state="PendingAcceptance",
    licensed=False,
)
ROOM = Profile(name="meeting room", state="disabled", share=1.5, enabled=False, licensed=False, title="Meeting room")
SERVICE = Profile(name="service account", state="enforced", methods=PHONE, title="Service account", licensed=False)
SERVICE_OFF = Profile(name="service account without MFA", state="disabled", title="Service account", licensed=False)
EMERGENCY = Profile(name="emergency access", state="disabled", methods=("fido2",), licensed=False)
EMERGENCY_ENFORCED = Profile(
    name="emergency access, caught by a script", state="enforced", methods=("fido2",), licensed=False
)
SYNC = Profile(name="directory synchronization, caught by a script", state="enforced", licensed=False)
ADMIN = Profile(name="administrator", state="disabled", methods=("fido2", "microsoftAuthenticator"))
ADMIN_ENFORCED = Profile(name="administrator, enforced", state="enforced", methods=APP_AND_PHONE)
NOT_CAPABLE = Profile(
    name="registered, but only a method the policy forbids", state="enforced", methods=("officePhone",), share=0.8
)
NEVER_ON_MFA = Profile(name="never on MFA", state="disabled", share=7, synced=True)

PROFILES: tuple[Profile, ...] = (
    ENFORCED,
    ENFORCED_PHONE,
    ENABLED_UNREGISTERED,
    DISABLED_PERSON,
    B2B_GUEST,
    B2B_MEMBER,
    INTERNAL_GUEST,
    PENDING_GUEST,
    ROOM,
    SERVICE,
    SERVICE_OFF,
    EMERGENCY,
    SYNC,
    ADMIN,
    ADMIN_ENFORCED,
    NOT_CAPABLE,
    NEVER_ON_MFA,
    EMERGENCY_ENFORCED,
    Profile(name="enforced, app, cloud-only", state="enforced", methods=APP, share=14),
    Profile(name="enforced, one-time codes", state="enforced", methods=("softwareOath", "email"), share=3),
    Profile(name="enforced, security key", state="enforced", methods=("fido2", "microsoftAuthenticator"), share=3),
    Profile(name="enabled, registered since", state="enabled", methods=APP, share=2),
    Profile(name="off, registered", state="disabled", methods=APP_AND_PHONE, share=9, synced=True),
    Profile(name="account disabled", state="disabled", share=2, enabled=False, synced=True),
    Profile(
        name="B2B guest",
        state="disabled",
        share=2.5,
        user_type="Guest",
        creation="Invitation",
        external_state="Accepted",
        licensed=False,
    ),
)
"""Every profile; its place here is what the generated column stores."""


@dataclass(frozen=True, slots=True)
class Part:
    """An account of the standing cast, there in companies of every size."""

    local: str
    name: str
    profile: Profile


CAST: tuple[Part, ...] = (
    Part("emergency1", "Emergency Access 1", EMERGENCY),
    Part("emergency2", "Emergency Access 2", EMERGENCY_ENFORCED),
    Part("alma.berg", "Alma Berg", ENFORCED),
    Part("ben.frost", "Ben Frost", ENFORCED),
    Part("cleo.nair", "Cleo Nair", ENFORCED),
    Part("admin", "Ada Admin", ADMIN),
    Part("sync_connect01_8f2a61c09d4e", "On-Premises Directory Synchronization Service Account", SYNC),
    Part("dora.pike", "Dora Pike", ENFORCED),  # in the exclusion group
    Part("emil.stone", "Emil Stone", ENABLED_UNREGISTERED),
    Part("fay.woods", "Fay Woods", ENFORCED_PHONE),
    Part("svc-backup", "Backup Service", SERVICE),
    Part("svc-scanner", "Scanner Service", SERVICE_OFF),
    Part("room.aurora", "Room Aurora", ROOM),
    Part("gil.marsh", "Gil Marsh", DISABLED_PERSON),
    Part("hana.lowe", "Hana Lowe", B2B_GUEST),
    Part("ivo.reed", "Ivo Reed", B2B_MEMBER),
    Part("jill.cross", "Jill Cross", INTERNAL_GUEST),
    Part("kurt.vale", "Kurt Vale", PENDING_GUEST),
    Part("lara.quinn", "Lara Quinn", ADMIN_ENFORCED),  # active Authentication Policy Administrator
    Part("milo.hart", "Milo Hart", ENFORCED),  # eligible Global Administrator
    Part("nora.bell", "Nora Bell", NOT_CAPABLE),
    Part("otto.lind", "Otto Lind", NEVER_ON_MFA),
    Part("pia.summer", "Pia Summer", ENFORCED),  # helpdesk, through a role-assignable group
    Part("rob.keller", "Rob Keller", ENFORCED),  # in the exclusion group through a nested one
)
"""The first accounts of each company; a company smaller than this has the first ones only."""

SMALLEST = 3
"""Both emergency access accounts and one person: fewer users than this are not generated."""
