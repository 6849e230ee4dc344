"""All that time makes due, in the order in which a round goes through it."""

from typing import Any

from models.deliveries.counting import CLEAN_DELIVERIES, COUNT_DELIVERIES
from models.deliveries.topics import CHECK_TOPICS, FOLLOW_TOPICS
from models.devices.rules import END_SILENT_DEVICES
from models.file_clearing import REVIEW_FILES
from models.memberships import EXPIRE_MEMBERSHIPS
from models.notices.due import END_ACTIVITIES, EXPIRE_NOTICES, PUBLISH_NOTICES, REMIND_OF_NOTICES
from models.roles import EXPIRE_GRANTS
from models.schedule import Duty
from models.study.due import REMIND_OF_STUDIES
from models.tallies.due import TALLY_DUTIES

DUTIES: tuple[Duty[Any], ...] = (
    EXPIRE_MEMBERSHIPS,
    EXPIRE_GRANTS,
    PUBLISH_NOTICES,
    END_ACTIVITIES,
    EXPIRE_NOTICES,
    REMIND_OF_NOTICES,
    REMIND_OF_STUDIES,
    *TALLY_DUTIES,
    FOLLOW_TOPICS,
    CHECK_TOPICS,
    END_SILENT_DEVICES,
    COUNT_DELIVERIES,
    CLEAN_DELIVERIES,
    REVIEW_FILES,
)
