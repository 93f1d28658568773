"""The container image has the model of every service of AWS that is offered."""

from deploy.image.contents import SERVICE_MODELS

from entrepot.services.entrepot.model import NAME
from tests.wire.aws.audited import OFFERED


def test_the_image_has_the_model_of_every_service_that_is_offered() -> None:
    assert {*OFFERED} - {NAME} <= {*SERVICE_MODELS}  # our own model comes with the package
