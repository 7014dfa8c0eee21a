"""Names in a policy that stand for several applications, and which ones a document of Microsoft lists under them.

The names of the members are those of concept-conditional-access-cloud-apps and of
reference-office-365-application-contents (entra-docs), their ids those of verify-first-party-apps-sign-in. That page
lists no id of the two APIs of Azure Monitor; theirs are the ids of their service principals, as applications that ask
for permissions on them name them. A member without a published id is none here; a tenant file can add members.
"""

from migrate.sandbox.messages import words
from migrate.sandbox.tenant import Tenant

AZURE_MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
"""Windows Azure Service Management API: a group and, as Azure Resource Manager, one of its own members."""
WINDOWS_AZURE_AD = "00000002-0000-0000-c000-000000000000"
"""Windows Azure Active Directory, as which the directory's baseline scopes are judged."""

GROUPS: dict[str, frozenset[str]] = {
    "office365": words(
        # Exchange Online, its protection, SharePoint Online, Skype for Business Online, Teams, its client and web app
        "00000002-0000-0ff1-ce00-000000000000 00000007-0000-0ff1-ce00-000000000000 "
        "00000003-0000-0ff1-ce00-000000000000 00000004-0000-0ff1-ce00-000000000000 "
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe 1fec8e78-bce4-4aaf-ab1b-5451cc387264 "
        "5e3ce6c0-2b1f-4285-8d4b-75ee78787346 "
        # Office 365 Portal, Office.com, OfficeHome, the shell and its suite bar, Office, OfficeClientService
        "00000006-0000-0ff1-ce00-000000000000 4b233688-031c-404b-9a80-a4f3f2351f90 "
        "4765445b-32c6-49b0-83e6-1d93765276ca 89bee1f7-5e6e-4d8a-9f3d-ecd601259da7 "
        "4345a7b9-9a63-4910-a426-35363201d503 d3590ed6-52b3-4102-aeff-aad2292ab01c "
        "0f698dd4-f011-4d23-a33e-b36416dcb1e6 "
        # Forms, Sway, Viva Engage, OneNote, OneDrive SyncEngine, Whiteboard, Delve, Stream, search
        "c9a559d2-7aab-4f13-a6ed-e7e9c52aec87 905fcf26-4eb7-48a0-9ff0-8dcc7194b5ba "
        "00000005-0000-0ff1-ce00-000000000000 2d4d3d8e-2be3-4bef-9f87-7875a61c29de "
        "ab9b8c07-8f02-4f72-87fa-80105867a763 95de633a-083e-42f5-b444-a4295d8e9314 "
        "94c63fef-13a3-47bc-8074-75af8c65887a cf53fce8-def6-4aeb-8d30-b158e7b1cf83 "
        "66a88757-258c-4c72-893c-3e8bed4d6899 08e18876-6177-487e-b8b5-cf950c1e598c "
        # Office Online: add-ins, core, search
        "93d53678-613d-4013-afc1-62e9e444a0a5 243c63a3-247d-41c5-9d83-7788c43f1c43 "
        "a9b49b65-0a12-430b-9540-c80b3332c127 944f0bd1-117b-4b1c-af26-804ed95e767e "
        "0cd196ee-71bf-4fd6-a57c-b491ffd4fb1e"
    ),
    "microsoftadminportals": words(
        # Azure portal (with the Entra admin center), Microsoft 365 and Exchange admin centers, Defender and Purview
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c 00000006-0000-0ff1-ce00-000000000000 "
        "497effe9-df71-4043-a8bb-14cf78c4b63b 80ccca67-54bd-44ab-8625-4b79c4dc7775"
    ),
    # Azure Resource Manager itself, Azure portal, Azure Data Lake, Log Analytics API, Application Insights API
    AZURE_MANAGEMENT: words(
        "797f4846-ba00-4fd7-ba43-dac1f8f63013 c44b4083-3bb0-49c1-b47d-974e53cbdf3c "
        "e9f49c6b-5ce5-44c8-925d-015017e9f7ad "
        "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5 f5c26e74-f226-4ae8-85f0-b4af0080ac9e"
    ),
}
"""Members by the name that a policy uses, all in lower case."""


def is_named(app: str, named: list[str], tenant: Tenant) -> bool:
    """Tell whether a list in a policy names an application, itself or through a group."""
    app = app.lower()
    for each in named:
        name = each.lower()
        if name in ("all", app):
            return True
        if name in GROUPS and (app in GROUPS[name] or app in tenant.unseen.members.get(name, ())):
            return True
    return False
