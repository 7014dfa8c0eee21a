"""mfa-migrate moves a Microsoft Entra ID tenant from per-user MFA to Conditional Access."""

__version__ = "0.1.0"
