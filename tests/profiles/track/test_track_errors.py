"""Whatever is sent is answered: bad items are named, good ones are applied whole."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.models import CustomAttribute, Profile
from tests.worlds.track_calls import TIME, Tracker, event, purchase, tracker_of
from workspaces.api_keys.keys import generate_api_key
from workspaces.models import Workspace

NOTHING_VALID = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."
WHO_IS_REQUIRED = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"


@pytest.fixture
def api(workspace: Workspace) -> Tracker:
    return tracker_of(workspace)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


# The whole call


@pytest.mark.parametrize(
    "body",
    [{}, [], 7, None, {"attributes": []}, {"events": None}, {"partner": "x", "purchases": []}],
)
def test_call_without_items_is_refused(api: Tracker, body: Any) -> None:
    response = api.post("/users/track", body)
    assert (response.status_code, response.json()) == (400, {"message": NOTHING_VALID})


@pytest.mark.parametrize("items", [{}, "x", 7, True])
def test_array_must_be_one(api: Tracker, items: Any) -> None:
    response = api.post("/users/track", {"events": items})
    message = "'events' must be an array of objects"
    assert (response.status_code, response.json()) == (400, {"message": message})


@pytest.mark.parametrize("array", ["attributes", "events", "purchases"])
def test_75_of_each_are_taken_and_not_76(api: Tracker, array: str) -> None:
    items = {"attributes": {"external_id": "ann"}, "events": event(), "purchases": purchase()}
    all_three = {name: [item] * 75 for name, item in items.items()}
    assert set(api.track(**all_three).values()) == {"success", 75}
    response = api.post("/users/track", {array: [items[array]] * 76})
    message = {"message": "Max Input Length Exceeded"}
    assert (response.status_code, response.json()) == (400, message)


def test_1000_in_all_are_taken_in_bulk_and_not_1001(api: Tracker) -> None:
    people = [{"external_id": f"user-{n}", "n": n} for n in range(600)]
    events = [event(external_id=f"user-{n % 100}") for n in range(400)]
    body: dict[str, Any] = {"attributes": people, "events": events}
    response = api.post("/users/track/bulk", body)
    assert response.status_code == 201
    assert response.json() == {
        "message": "success",
        "attributes_processed": 600,
        "events_processed": 400,
    }
    assert Profile.objects.count() == 600
    body["purchases"] = [purchase()]
    assert api.post("/users/track/bulk", body).status_code == 400


def test_100_about_one_user_are_taken_in_bulk_and_not_101(api: Tracker) -> None:
    body = {
        "attributes": [{"external_id": "ann", "n": n} for n in range(40)] + [{"external_id": "b"}],
        "events": [event()] * 40,
        "purchases": [purchase()] * 20,
    }
    assert api.post("/users/track/bulk", body).status_code == 201
    body["purchases"].append(purchase())
    response = api.post("/users/track/bulk", body)
    message = "Max Input Length Exceeded: more than 100 objects are about one user"
    assert (response.status_code, response.json()) == (400, {"message": message})
    assert api.track(**{name: items[:75] for name, items in body.items()})["message"] == "success"


@pytest.mark.parametrize(("path", "megabytes"), [("/users/track", 4), ("/users/track/bulk", 2)])
def test_body_too_large_is_refused(api: Tracker, path: str, megabytes: int) -> None:
    response = api.post(path, {"attributes": [{"external_id": "x" * megabytes * 1024 * 1024}]})
    assert response.status_code == 413
    assert list(response.json()) == ["message"]


@pytest.mark.parametrize(
    ("granted", "statuses"),
    [([], (403, 403)), (["users.track"], (201, 403)), (["users.track.bulk"], (403, 201))],
)
def test_each_call_needs_its_permission(
    workspace: Workspace, granted: list[str], statuses: tuple[int, int]
) -> None:
    _key, secret = generate_api_key(workspace, name="x", permissions=granted)
    api = Tracker(workspace, secret)
    body = {"events": [event()]}
    paths = ("/users/track", "/users/track/bulk")
    assert tuple(api.post(path, body).status_code for path in paths) == statuses


def test_wrong_key_is_refused(workspace: Workspace) -> None:
    response = Tracker(workspace, "wrong").post("/users/track", {"events": [event()]})
    assert response.status_code == 401
    assert not Profile.objects.exists()


# One item


def test_good_items_are_applied_and_bad_ones_named(api: Tracker) -> None:
    answer = api.track(
        attributes=[{"external_id": "ann", "x": 1}, {"x": 1}, {"external_id": "bob", "dob": "x"}],
        events=[event(time="yesterday"), event()],
        purchases=[purchase(price="1")],
    )
    assert answer == {
        "message": "success",
        "attributes_processed": 1,
        "events_processed": 1,
        "purchases_processed": 0,
        "errors": [
            {"type": WHO_IS_REQUIRED, "input_array": "attributes", "index": 1},
            {
                "type": "'dob' must be a date, as YYYY-MM-DD",
                "input_array": "attributes",
                "index": 2,
            },
            {
                "type": "'time' must be a time in ISO-8601, such as 2026-02-15T09:00:00Z",
                "input_array": "events",
                "index": 0,
            },
            {"type": "'price' must be a number", "input_array": "purchases", "index": 0},
        ],
    }
    assert [str(person) for person in Profile.objects.all()] == ["ann"]


def test_nothing_of_bad_items_is_applied(api: Tracker) -> None:
    response = api.post("/users/track", {"attributes": [{"external_id": "ann", "email": "x"}]})
    assert response.status_code == 400
    assert response.json() == {
        "message": NOTHING_VALID,
        "errors": [
            {
                "type": "The value provided for the 'email' field is not a valid email.",
                "input_array": "attributes",
                "index": 0,
            }
        ],
    }
    assert not Profile.objects.exists()
    assert not CustomAttribute.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("external_id", 7),
        ("external_id", ""),
        ("external_id", "a\0b"),
        ("external_id", "\ud800"),
        ("external_id", "é" * 499),
        ("email", "a\0@example.com"),
        ("phone", "call me"),
        ("phone", 15551234567),
        ("first_name", "x" * 256),
        ("first_name", ["Ann"]),
        ("country", "France"),
        ("dob", "1988-02-30"),
        ("gender", "X"),
        ("time_zone", "Mars/Olympus"),
        ("email_subscribe", "maybe"),
        ("email_subscribe", ["opted_in"]),
        ("marked_email_as_spam_at", "0000-00-00T00:00:00Z"),
        ("current_location", "here"),
        ("current_location", {"longitude": 181, "latitude": 0}),
        ("current_location", {"longitude": True, "latitude": 0}),
        ("date_of_first_session", 1),
        ("date_of_last_session", "0001-01-01T00:00:00+23:59"),
        ("push_tokens", {"app_id": "web", "token": "t"}),
        ("push_tokens", [{"app_id": "web"}]),
        ("push_tokens", [{"app_id": "web", "token": "\0"}]),
        ("push_token_import", True),
        ("subscription_groups", "all"),
        ("subscription_groups", [{"subscription_group_id": "x"}]),
        ("subscription_groups", [{"subscription_group_id": 7, "subscription_state": "x"}]),
        ("_update_existing_only", "yes"),
        ("_merge_objects", 1),
        ("app_id", 1),
        ("x" * 256, 1),
        ("", 1),
        ("a\0b", 1),
        ("x", "x" * 256),
        ("x", "\ud83d"),
        ("x", 10**400),
        ("x", {"a": None}),
        ("x", {"a" * 256: 1}),
        ("x", {"a": {"$time": "yesterday"}}),
        ("x", deep(51)),
        ("x", {"a": ["y" * 200] + [f"{n}" * 200 for n in range(300)]}),
        ("x", {"inc": 1.5}),
        ("x", {"inc": True}),
        ("x", {"inc": 2**63}),
        ("x", {"add": 1}),
        ("x", {"add": [None]}),
        ("x", {"add": ["x" * 200] * 9, "$add": [f"{n}" * 200 for n in range(100, 400)]}),
        ("x", {"$remove": [{"id": 1}]}),
        ("x", {"$update": [{"$identifier_key": "id", "$identifier_value": 1}]}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_attributes_object_is_refused(api: Tracker, field: str, value: Any) -> None:
    assert api.refused(**{"external_id": "ann"} | {field: value})
    assert not Profile.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "x" * 256),
        ("time", None),
        ("time", 1550188800),
        ("time", "2019-02-15"),
        ("time", "2019-13-15T00:00:00Z"),
        ("app_id", ["web"]),
        ("properties", []),
        ("properties", {"$a": 1}),
        ("properties", {"": 1}),
        ("properties", {"a": "x" * 256}),
        ("properties", {"a": "\0"}),
        ("properties", {"\ud800": "x" * 256}),
        ("properties", {"a": deep(60)}),
        ("properties", {"a": ["x" * 200] * 300}),
        ("user_alias", "crm:7"),
        ("user_alias", {"alias_label": "crm"}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_event_is_refused(api: Tracker, field: str, value: Any) -> None:
    who = {"external_id": None} if field == "user_alias" else {}
    assert api.refused("events", **event() | who | {field: value})
    assert not Profile.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("product_id", None),
        ("currency", "DOGE"),
        ("currency", None),
        ("price", None),
        ("price", True),
        ("price", 10**400),
        ("price", 1e300),
        ("quantity", 0),
        ("quantity", 101),
        ("quantity", 1.5),
        ("quantity", None),
        ("time", "now"),
    ],
)
def test_bad_purchase_is_refused(api: Tracker, field: str, value: Any) -> None:
    assert api.refused("purchases", **purchase() | {field: value})
    assert not Profile.objects.exists()


@pytest.mark.parametrize(
    ("known", "sent", "reason"),
    [
        ("text", {"inc": 1}, "'x' is not a number and cannot be incremented"),
        (True, {"inc": 1}, "'x' is not a number and cannot be incremented"),
        (2**63 - 1, {"inc": 1}, "'x' is not a number that can be kept"),
        ("text", {"add": ["a"]}, "'x' is not an array"),
    ],
)
def test_edit_that_does_not_fit_is_refused_whole(
    api: Tracker, known: Any, sent: Any, reason: str
) -> None:
    api.say(x=known, y=1)
    assert api.refused(external_id="ann", y=2, x=sent, first_name="Ann") == reason
    ann = api.person()
    assert (ann.custom, ann.first_name) == ({"x": known, "y": 1}, "")


@pytest.mark.parametrize("who", [{}, {"email": ""}, {"external_id": None}, {"user_id": "ann"}])
def test_somebody_must_be_named(api: Tracker, who: dict[str, Any]) -> None:
    assert api.refused(**who, x=1) == WHO_IS_REQUIRED
    assert api.refused("events", name="Signed up", time=TIME, **who) == WHO_IS_REQUIRED


@pytest.mark.parametrize("item", [None, 1, "ann", ["ann"], True])
def test_item_must_be_an_object(api: Tracker, item: Any) -> None:
    answer = api.track(events=[item, event()])
    error = {"type": "must be an object", "input_array": "events", "index": 0}
    assert answer == {"message": "success", "events_processed": 1, "errors": [error]}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"attributes": [NaN]}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"attributes": [{"external_id": "ann", "x": ' + b"9" * 5000 + b"}]}",
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_body_that_is_no_json_is_refused(api: Tracker, raw: bytes) -> None:
    response = api.post("/users/track", raw)
    assert (response.status_code, list(response.json())) == (400, ["message"])


def test_of_a_key_said_twice_the_last_counts(api: Tracker) -> None:
    body = b'{"attributes": [{"external_id": "ann", "x": 1, "x": 2}]}'
    assert api.post("/users/track", body).status_code == 201
    assert api.person().custom == {"x": 2}


# Anything

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=5)
    | st.sampled_from([TIME, "ann", "a@example.com", "USD", "\0", "\ud800", 2**63, 1e308])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "inc", "add", "$add", "$time", "\0", "\ud800"]), parts
        )
    ),
    max_leaves=6,
)
KEYS = [
    *("external_id", "user_alias", "braze_id", "email", "phone", "app_id", "name", "time"),
    *("properties", "product_id", "currency", "price", "quantity", "push_tokens", "dob", "gender"),
    *("push_token_import", "subscription_groups", "current_location", "date_of_first_session"),
    *("_update_existing_only", "_merge_objects", "x"),
]
ARRAYS = ("attributes", "events", "purchases")


def mostly(good: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Items that are good but for a few keys."""
    odd = st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=2)
    return ANYTHING | odd.map(lambda more: good | more)


BODIES = st.fixed_dictionaries(
    {},
    optional={
        "attributes": st.lists(mostly({"external_id": "ann", "x": {"inc": 1}}), max_size=4),
        "events": st.lists(mostly(event()), max_size=3),
        "purchases": st.lists(mostly(purchase()), max_size=3),
        "partner": ANYTHING,
    },
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=BODIES)
def test_counts_add_up_whatever_is_sent(api: Tracker, body: Any) -> None:
    response = api.post("/users/track", body)
    assert response.status_code in {201, 400}
    answer = response.json()
    places = [(error["input_array"], error["index"]) for error in answer.get("errors", [])]
    assert len(places) == len(set(places))
    bad = [array for array, _ in places]
    sizes = {array: len(body[array]) for array in ARRAYS if array in body}
    if response.status_code == 201:
        told = {array: answer[f"{array}_processed"] + bad.count(array) for array in sizes}
        assert told == sizes
    else:
        assert len(bad) == sum(sizes.values())
