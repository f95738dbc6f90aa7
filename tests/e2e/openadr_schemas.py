"""What bodies of OpenADR 3 look like, as JSON schemas made from the published definitions and enumerations.

Stricter than the standard where a client of ours could be wrong: a member it does not define is a fault, and so is a
report of a type that is not enumerated. Looser in two places, where the enumerations contradict the User Guide:
DISPATCH_SETPOINT_RELATIVE may be negative, and types of one value may have several (equal parts of the interval).
"""

import functools

from ebb import Skip

try:
    import jsonschema
except ImportError:
    jsonschema = None

EVENT, PROGRAM, REPORT, SUBSCRIPTION, VEN, RESOURCE = OBJECT_TYPES = [
    "EVENT", "PROGRAM", "REPORT", "SUBSCRIPTION", "VEN", "RESOURCE"]
UNITS = ["KWH", "THERMS", "GHG", "VOLTS", "AMPS", "CELSIUS", "FAHRENHEIT", "PERCENT", "KW", "KVAH", "KVARH", "KVA",
         "KVAR"]
READING_TYPES = ["DIRECT_READ", "ESTIMATED", "SUMMED", "MEAN", "PEAK", "FORECAST", "AVERAGE", "NORMAL", "ERROR"]
OPERATING_STATES = ["NORMAL", "ERROR", "IDLE_NORMAL", "RUNNING_NORMAL", "RUNNING_CURTAILED", "RUNNING_HEIGHTENED",
                    "IDLE_CURTAILED", "SGD_ERROR_CONDITION", "IDLE_HEIGHTENED", "IDLE_OPTED_OUT", "RUNNING_OPTED_OUT",
                    "AGGREGATED_REPORT"]
DATA_QUALITIES = ["OK", "MISSING", "ESTIMATED", "BAD"]


# -- pieces ----------------------------------------------------------------------------------------

def number(least=None, most=None, kind="number"):
    bounds = {"minimum": least, "maximum": most}
    return {"type": kind, **{name: bound for name, bound in bounds.items() if bound is not None}}


def text(longest=None):
    return {"type": "string", "minLength": 1, **({"maxLength": longest} if longest else {})}


def one(item):
    return {"type": "array", "minItems": 1, "maxItems": 1, "items": item}


def some(item, least=1):
    return {"type": "array", "minItems": least, "items": item}


def or_null(schema):
    return {"anyOf": [schema, {"type": "null"}]}


def members(required, **optional):
    """An object of these members and no others; `required` is a dict as well."""
    return {"type": "object", "additionalProperties": False, "required": list(required),
            "properties": {**required, **optional}}


POINT = members({"x": number(), "y": number()})
NAME = text(128)
ID = {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,128}$"}
URI = {"type": "string", "pattern": "^https?://[^ ]+$"}
ANY_VALUE = {"anyOf": [number(), {"type": "string"}, {"type": "boolean"}, POINT]}
SETTING = {"anyOf": [number(), NAME, {"type": "boolean"}, POINT]}
RFC_3339 = {"type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
# Our client may read more than it writes: a date alone and a blank for the T stand in the User Guide's examples.
PUBLISHED_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$"}
ISO_8601_DURATION = {"type": "string",
                     "pattern": r"^-?P(?=[0-9]|T[0-9])([0-9]+Y)?([0-9]+M)?([0-9]+[DW])?"
                                r"(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?$"}

ALERTS = ("GRID_EMERGENCY", "BLACK_START", "POSSIBLE_OUTAGE", "FLEX_ALERT", "FIRE", "FREEZING", "WIND", "TSUNAMI",
          "AIR_QUALITY", "OTHER")
CAPACITIES = ("SUBSCRIPTION", "RESERVATION", "LIMIT")
CAPACITY_OFFERS = ("RESERVATION_FEE", "AVAILABLE", "AVAILABLE_PRICE")
EVENT_PAYLOADS = {
    "SIMPLE": one(number(0, 3, "integer")),
    "PRICE": some(number()), "PRICE_ALTERNATE": some(number()), "EXPORT_PRICE": some(number()),
    "GHG": some(number(0)),
    "CHARGE_STATE_SETPOINT": one(number(0)),
    "DISPATCH_SETPOINT": one(number(0)),
    "DISPATCH_SETPOINT_RELATIVE": one(number()),
    "DISPATCH_INSTRUCTION": some(NAME),
    "CONTROL_SETPOINT": one(SETTING),
    "CONTROL_LEVEL_OFFSET": one(number(-10, 10, "integer")),
    "CONTROL_LEVEL_OFFSET_PERCENT": one(number(-1, 1)),
    "CURVE": some(some(POINT)),
    "OLS": some(number(0, 1)),
    **{f"{way}_CAPACITY_{name}": one(number(0)) for way in ("IMPORT", "EXPORT") for name in CAPACITIES},
    **{f"{way}_CAPACITY_{name}": one(number()) for way in ("IMPORT", "EXPORT") for name in CAPACITY_OFFERS},
    **{f"ALERT_{name}": one(NAME) for name in ALERTS},
    "CTA2045_REBOOT": one(number(0, 1, "integer")), "CTA2045_SET_OVERRIDE_STATUS": one(number(0, 1, "integer")),
}
REPORT_PAYLOADS = {
    "USAGE": one(number(0)), "DEMAND": one(number(0)),
    "SETPOINT": one(SETTING),
    "OPERATING_STATE": one({"enum": OPERATING_STATES}),
    "STORAGE_CHARGE_LEVEL": one(number(0, 1)),
    "SIMPLE_LEVEL": one(number(0, 3, "integer")),
    "DATA_QUALITY": one({"enum": DATA_QUALITIES}),
    **{name: one(number()) for name in (
        "READING", "DELTA_USAGE", "BASELINE", "UP_REGULATION_AVAILABLE", "DOWN_REGULATION_AVAILABLE",
        "REGULATION_SETPOINT", "STORAGE_USABLE_CAPACITY", "STORAGE_MAX_DISCHARGE_POWER", "STORAGE_MAX_CHARGE_POWER",
        "USAGE_FORECAST", "STORAGE_DISPATCH_FORECAST", "LOAD_SHED_DELTA_AVAILABLE", "GENERATION_DELTA_AVAILABLE",
        "IMPORT_RESERVATION_CAPACITY", "IMPORT_RESERVATION_FEE", "EXPORT_RESERVATION_CAPACITY",
        "EXPORT_RESERVATION_FEE")},
}
ATTRIBUTES = {
    "LOCATION": {"type": "array", "minItems": 2, "maxItems": 2, "items": number(-180, 180)},
    "AREA": some(number()),
    "MAX_POWER_CONSUMPTION": one(number(0)), "MAX_POWER_EXPORT": one(number(0)),
    "DESCRIPTION": one(NAME),
}


def values_map(known=None, private=True):
    """{type, values}; the values of a known type are as its enumeration says."""
    if known is None:
        return members({"type": NAME, "values": {"type": "array", "items": ANY_VALUE}})
    schema = members({"type": NAME if private else {"enum": list(known)}, "values": {"type": "array"}})
    schema["allOf"] = [{"if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                        "then": {"properties": {"values": values}}} for name, values in known.items()]
    return schema


# -- whole objects ---------------------------------------------------------------------------------

class Shapes:
    """The bodies of one version of the standard ("3.1" or "3.0.1"), as those that `vtn` sends or takes."""

    def __init__(self, version, vtn_sends):
        self.version = version
        self._stamped = vtn_sends
        self._time = PUBLISHED_TIME if vtn_sends else RFC_3339
        self._targets = or_null(some(NAME if self.new else values_map(), least=0))

    @property
    def new(self):
        return self.version != "3.0.1"

    def period(self):
        return members({"start": self._time}, duration=ISO_8601_DURATION, randomizeStart=ISO_8601_DURATION)

    def intervals(self, payload, least):
        return some(members({"id": number(-2**31, 2**31 - 1, "integer"), "payloads": some(payload)},
                            intervalPeriod=or_null(self.period())), least)

    def entity(self, kind, required, **optional):
        """An object of the API: what the VTN sends has an identity, what a client sends has none."""
        if self._stamped:
            required = {"id": ID, "createdDateTime": RFC_3339, "modificationDateTime": RFC_3339,
                        "objectType": {"const": kind}, **required}
        else:
            optional = {"id": ID, "createdDateTime": RFC_3339, "modificationDateTime": RFC_3339,
                        "objectType": {"const": kind}, **optional}
        return members(required, **optional)

    def program(self):
        described = or_null(some(members({"URL": text()}), least=0))
        descriptors = or_null(some({"anyOf": [self.event_descriptor(), self.report_descriptor()]}, least=0))
        common = {"intervalPeriod": or_null(self.period()), "programDescriptions": described,
                  "payloadDescriptors": descriptors, "targets": self._targets}
        if self.new:
            return self.entity(PROGRAM, {"programName": NAME}, attributes=or_null(some(values_map(), least=0)),
                               **common)
        words = {name: or_null({"type": "string"}) for name in (
            "programLongName", "retailerName", "retailerLongName", "programType", "country", "principalSubdivision")}
        return self.entity(PROGRAM, {"programName": NAME}, timeZoneOffset=ISO_8601_DURATION,
                           bindingEvents=or_null({"type": "boolean"}), localPrice=or_null({"type": "boolean"}),
                           **words, **common)

    def event(self):
        asked = members({"payloadType": NAME}, readingType=or_null(text()), units=or_null(text()),
                        targets=self._targets, aggregate={"type": "boolean"}, historical={"type": "boolean"},
                        **{name: number(-1, kind="integer")
                           for name in ("startInterval", "numIntervals", "frequency", "repeat")},
                        **({"reportIntervals": {"enum": ["INTERVALS", "SUB_INTERVALS", "OPEN_INTERVALS"]}}
                           if self.new else {}))
        shape = self.entity(
            EVENT, {"programID": ID, "intervals": self.intervals(values_map(EVENT_PAYLOADS), 0)},
            eventName=or_null({"type": "string"}), priority=or_null(number(0, kind="integer")),
            targets=self._targets, reportDescriptors=or_null(some(asked, least=0)),
            payloadDescriptors=or_null(some(self.event_descriptor(), least=0)),
            intervalPeriod=or_null(self.period()), **({"duration": ISO_8601_DURATION} if self.new else {}))
        # Without a period of the event each interval has its own.
        shape["anyOf"] = [{"required": ["intervalPeriod"]},
                          {"properties": {"intervals": {"items": {"required": ["intervalPeriod"]}}}}]
        return shape

    def event_descriptor(self):
        return members({"payloadType": NAME}, objectType={"const": "EVENT_PAYLOAD_DESCRIPTOR"},
                       units=or_null({"enum": UNITS}), currency=or_null({"type": "string", "pattern": "^[A-Z]{3}$"}))

    def report_descriptor(self):
        return members({"payloadType": {"enum": list(REPORT_PAYLOADS)}},
                       objectType={"const": "REPORT_PAYLOAD_DESCRIPTOR"}, readingType=or_null({"enum": READING_TYPES}),
                       units=or_null({"enum": UNITS}), accuracy=or_null(number()),
                       confidence=or_null(number(0, 100, "integer")))

    def report(self):
        told = members({"resourceName": NAME,
                        "intervals": self.intervals(values_map(REPORT_PAYLOADS, private=False), 1)},
                       intervalPeriod=or_null(self.period()))
        added = {"clientID": ID} if self.new and self._stamped else {}
        return self.entity(REPORT, {"eventID": ID, "clientName": NAME, "resources": some(told), **added,
                                    **({} if self.new else {"programID": ID})},
                           reportName=or_null({"type": "string"}),
                           payloadDescriptors=or_null(some(self.report_descriptor(), least=0)))

    def subscription(self):
        wanted = members({"objects": some({"enum": OBJECT_TYPES}),
                          "operations": some({"enum": ["READ", "CREATE", "UPDATE", "DELETE"]}), "callbackUrl": URI},
                         bearerToken=or_null({"type": "string"}))
        program, added = {"programID": ID}, {"clientID": ID} if self.new and self._stamped else {}
        return self.entity(SUBSCRIPTION, {"clientName": NAME, "objectOperations": some(wanted), **added,
                                          **({} if self.new else program)},
                           targets=self._targets, **(program if self.new else {}))

    def _owned(self, kind, name, optional=None, **required):
        """A ven or a resource: a VEN asks for one by a request object, which has no targets."""
        attributes = or_null(some(values_map(ATTRIBUTES), least=0))
        named = {name: NAME, **required}
        if not self.new:
            return self.entity(kind, named, attributes=attributes, targets=self._targets, **(optional or {}))
        if self._stamped:
            return self.entity(kind, {"clientID": ID, **named}, attributes=attributes, targets=self._targets)
        return members({"objectType": {"const": f"VEN_{kind}_REQUEST"}, **named}, attributes=attributes)

    def ven(self):
        resources = or_null(some(self.resource(), least=0))
        return self._owned(VEN, "venName", optional={"resources": resources})

    def resource(self):
        return self._owned(RESOURCE, "resourceName", **({"venID": ID} if self.new or self._stamped else {}))

    def notification(self):
        operations = ["CREATE", "UPDATE", "DELETE"] if self.new else ["POST", "PUT", "DELETE"]
        return members({"objectType": {"enum": OBJECT_TYPES}, "operation": {"enum": operations},
                        "object": {"type": "object"}}, targets=self._targets)

    @staticmethod
    def problem():
        return members({}, type={"type": "string"}, title={"type": "string"}, status=number(100, 599, "integer"),
                       detail={"type": "string"}, instance={"type": "string"})

    @staticmethod
    def token():
        return members({"access_token": text(4096), "token_type": {"const": "Bearer"}},
                       expires_in=number(0, kind="integer"), scope={"type": "string"})

    @staticmethod
    def auth_server():
        return members({"tokenURL": URI})

    @staticmethod
    def notifiers():
        mqtt = members({"URIS": some({"type": "string"}), "serialization": {"const": "JSON"},
                        "authentication": {"type": "object", "required": ["method"]}})
        return members({"WEBHOOK": {"type": "boolean"}}, MQTT=mqtt)

    @staticmethod
    def topics():
        topic = text()
        return members({"topics": members({"CREATE": topic, "UPDATE": topic, "DELETE": topic}, ALL=topic)})


@functools.lru_cache(maxsize=None)
def _validator(version, vtn_sends, name):
    if jsonschema is None:
        raise Skip("there is no python3-jsonschema")
    schema = getattr(Shapes(version, vtn_sends), name)()
    kind = jsonschema.Draft202012Validator
    kind.check_schema(schema)
    return kind(schema)


def fault_of(body, name, version="3.1", vtn_sends=False):
    """What is wrong with a body of that shape, as one line; None when nothing is."""
    for error in _validator(version, vtn_sends, name).iter_errors(body):
        deepest = jsonschema.exceptions.best_match([error])
        where = "/".join(str(step) for step in deepest.absolute_path) or "the whole"
        return f"{name}: {where}: {deepest.message:.200}"
    return None
