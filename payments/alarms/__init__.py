"""Alarms: states that need a person, looked for, kept until they are over, told by e-mail."""

from payments.alarms.tell import look_for_alarms

__all__ = ["look_for_alarms"]
