"""Where I am told of news, and how I wish to be."""

from api.deps import Id, PartsDep, SessionDep, ViewerDep
from api.routing import Access, Cached, declare, router
from models.devices.preferences import put_preferences, read_preferences
from models.devices.rules import delete_device, list_devices, put_device
from models.devices.shapes import DeviceList, DevicePublic, DevicePut, Preferences, PreferencesPut

routes = router("me")


@routes.get("/me/devices")
@declare(Access.MEMBER)
async def list_my_devices(session: SessionDep, viewer: ViewerDep) -> DeviceList:
    """My devices that are told of news, the newest first."""
    return await list_devices(session, viewer)


@routes.put("/me/devices/{device_id}")
@declare(Access.MEMBER)
async def register_device(
    device_id: Id, body: DevicePut, session: SessionDep, viewer: ViewerDep, parts: PartsDep
) -> DevicePublic:
    """Tell this device of news, under an id that the app makes at each sign-in. It takes the place of the session's
    device before, and ends with the session; an address that belonged to another account moves.
    """
    return await put_device(session, viewer, device_id, body, parts.settings.push_hosts)


@routes.delete("/me/devices/{device_id}", status_code=204)
@declare(Access.MEMBER)
async def remove_device(device_id: Id, session: SessionDep, viewer: ViewerDep) -> None:
    """Tell it nothing any more. Its session goes on."""
    await delete_device(session, viewer, device_id)


@routes.get("/me/preferences")
@declare(Access.MEMBER, Cached.MEMBER)
async def read_my_preferences(session: SessionDep, viewer: ViewerDep) -> Preferences:
    """How I wish to be told of news."""
    return await read_preferences(session, viewer)


@routes.put("/me/preferences")
@declare(Access.MEMBER)
async def keep_my_preferences(body: PreferencesPut, session: SessionDep, viewer: ViewerDep) -> Preferences:
    """Say how I wish to be told, all of it at once. What is urgent comes in quiet hours too."""
    return await put_preferences(session, viewer, body)
