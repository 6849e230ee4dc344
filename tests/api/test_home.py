"""The first screen in one round trip: the shared part from memory, the personal part in three queries."""

from fastapi import FastAPI

from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import FEED, HERE, Desk, parts_in, phone_of

HOME = "/v1/home"


async def test_home_says_who_i_am_and_what_is_new(app: FastAPI, organisation: Organisation) -> None:
    desk = Desk(app, organisation)
    for n in range(12):
        await desk.publish(("tinh", "chibo")[n % 2], f"Tin {n}")
    await desk.publish("chibo2", "Của chi hội bên", HERE)
    async with phone_of(app, organisation.person("member")) as phone:
        home = (await phone.get(HOME)).json()
        assert home["member"] == {
            "id": str(organisation.person("member").id),
            "full_name": "Nguyễn Thị Bình",
            "photo": None,
        }
        assert home["unread"] == 12
        feed = (await phone.get(f"{FEED}?limit=100")).json()["items"]
        assert home["notices"]["items"] == feed[:10]
        rest = (await phone.get(FEED, params={"cursor": home["notices"]["next_cursor"]})).json()["items"]
        assert rest == feed[10:]
        assert (await phone.put(f"{FEED}/{feed[0]['id']}/receipt", json={})).status_code == 200
        with counting(parts_in(app).database) as statements:
            again = await phone.get(HOME)
        assert (again.json()["unread"], len(statements)) == (11, 3)
        same = await phone.get(HOME, headers={"If-None-Match": again.headers["etag"]})
        assert same.status_code == 304


async def test_unread_is_counted_to_a_hundred(app: FastAPI, organisation: Organisation) -> None:
    desk = Desk(app, organisation)
    for n in range(103):
        await desk.publish("chibo", f"Tin {n}")
    async with phone_of(app, organisation.person("member")) as phone:
        assert (await phone.get(HOME)).json()["unread"] == 100
