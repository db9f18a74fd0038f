"""What the runner gave: addresses, keys, names; and clients made of it.

The SDKs take a second each to import: only who asks for a client pays for it.
"""

import os

LOG_ENDPOINT = os.environ["LOG_SERVICE_ENDPOINT"]
TABLE_ENDPOINT = os.environ["TABLE_STORE_ENDPOINT"]
INSTANCE = os.environ["INSTANCE"]
KEY_ID = os.environ["ACCESS_KEY_ID"]
KEY_SECRET = os.environ["ACCESS_KEY_SECRET"]


def log_client(key_id=KEY_ID, key_secret=KEY_SECRET, token=None, **options):
    """A client of Log Service. Puts that name no source have none: the SDK would look one up."""
    from aliyun.log import LogClient

    return LogClient(LOG_ENDPOINT, key_id, key_secret, token, source="", **options)


def table_client(key_id=KEY_ID, key_secret=KEY_SECRET, instance=INSTANCE, **options):
    """A client of Table Store."""
    from tablestore import OTSClient

    return OTSClient(TABLE_ENDPOINT, key_id, key_secret, instance, **options)
