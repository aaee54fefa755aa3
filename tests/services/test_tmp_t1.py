from tests.builders import *
from kit_booking.clock import utc_now
from kit_booking.services.booking import request_booking, approve
def test_x(world, app):
    c=world.commune(kits=2); k=world.kits(c)[0]; h=world.household(c)
    print(k.code)
    asked=world.do(request_booking,k.code,next_evening(NOW),"toi",h.id,sells="",streams_on="",now=NOW)
    assert asked.code and not asked.refusals, asked
    h2=world.household(c)
    now=utc_now()
    client=app.test_client(); t=sign_in(client,h2)
    r=client.post(f"/kits/{k.code}/{next_evening(now)}/toi",data={"csrf_token":t,"sells":"x"})
    assert r.status_code==303,r.text
    b=world.booking(k,h,days_ahead(4),status=Status.OUT)
    s=app.test_client(); t=sign_in(s,world.clerk(c))
    r=s.get("/staff"); assert r.status_code==200
    assert world.change(c,version=2).version==2
    world.commune("Chuyên Mỹ")
