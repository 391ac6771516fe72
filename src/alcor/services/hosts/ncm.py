"""Registered Network Config Managers."""

from alcor.model.resources.ncm import NCM
from alcor.services.access import Access, everybody
from alcor.services.plain import Plain, plain_manager
from alcor.store.tables import ncm

NCMS = plain_manager(Plain(Access(NCM, ncm, everybody)))
