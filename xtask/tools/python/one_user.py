"""One user, played with the client that openapi-python-client makes: registers, sends the SMS, is validated."""

import datetime
import os

from sms_bridge import AuthenticatedClient
from sms_bridge.api.onboarding import onboarding, register
from sms_bridge.api.sms import receive_sms
from sms_bridge.models import OnboardingStatus, ReceiveSmsJsonBody, RegisterRequest, RegisterResponse, SmsAnswer

url = os.environ["BRIDGE_URL"]
app = AuthenticatedClient(base_url=url, token=os.environ["API_KEY"])
phone = AuthenticatedClient(base_url=url, token=os.environ["RECEIVER_KEY"])
number = "+919876500001"

registered = register.sync(
    client=app,
    body=RegisterRequest(
        mobile_number=number, email="python@example.com", device_id="python", client_ip="203.0.113.7"
    ),
)
assert isinstance(registered, RegisterResponse), registered

sms = ReceiveSmsJsonBody()
sms["mobile_number"] = number
sms["sms_message"] = registered.sms_body
sms["received_timestamp"] = datetime.datetime.now(datetime.timezone.utc).isoformat()
judged = receive_sms.sync(client=phone, body=sms)
assert isinstance(judged, SmsAnswer) and judged.validation_status == "passed", judged

status = onboarding.sync(str(registered.onboarding_id), client=app)
assert isinstance(status, OnboardingStatus) and status.status == "validated", status
print("a client in Python: one user validated")
