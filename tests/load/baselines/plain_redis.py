"""A FastAPI route that checks a JWT and answers with a page that somebody has put into Redis."""

import os

from fastapi import FastAPI, HTTPException, Response
from redis.asyncio import Redis

from tests.load.baselines.sign_in import CurrentMember

redis = Redis.from_url(os.environ["REDIS_URL"])
app = FastAPI()


@app.get("/v1/notices")
async def feed(member: CurrentMember) -> Response:
    page = await redis.get(f"feed:{member['branch']}")
    if page is None:
        raise HTTPException(404)
    return Response(page, media_type="application/json")
