"""Operations on what clusters run."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

from entrepot.aws.operations import Call
from entrepot.domain.errors import (
    DigestUnsupported,
    ImageNotFound,
    InvalidParameter,
    Refusal,
    RepositoryNotFound,
)
from entrepot.domain.names import Registry, parse_repository_name
from entrepot.domain.repositories import Repository
from entrepot.domain.usage import Cluster
from entrepot.identity.decisions import Decisions
from entrepot.ports.keeping import Report
from entrepot.registry.usage import MayPull, NamedImage, UsageFailure, UsageOfImage, UsageReports
from entrepot.services.contexts import context_of
from entrepot.services.entrepot.shapes import Member, Params, limit_of, token_of

_PULL = "ecr:BatchGetImage"


class UsageOperations:
    """Takes reports in, and tells what was reported."""

    def __init__(self, reports: UsageReports, decisions: Decisions) -> None:
        self._reports = reports
        self._decisions = decisions

    async def report(self, call: Call, params: Params) -> Member:
        """ReportUsage: of each repository it is asked whether the reporter may pull from it."""
        seconds = cast("int | None", params.get("ttlSeconds"))
        report, failures = await self._reports.report(
            _cluster(call, str(params["clusterName"])),
            [_named(call, each) for each in cast("Sequence[Mapping[str, str]]", params["images"])],
            by=call.caller.arn,
            life=None if seconds is None else timedelta(seconds=seconds),
            may_pull=self._may_pull(call),
        )
        return {"report": _report(report), "failures": [_failure(each) for each in failures]}

    async def describe(self, call: Call, params: Params) -> Member:
        """DescribeUsage."""
        names = cast("Sequence[str] | None", params.get("clusterNames"))
        if names is not None:
            if "nextToken" in params or "maxResults" in params:
                raise InvalidParameter("clusterNames", "can't be used with nextToken or maxResults")
            found = await self._reports.reports_of([_cluster(call, name) for name in names])
            return {"reports": [_report(each) for each in found]}
        page = await self._reports.page_of_reports(
            Registry(call.account, call.region), token=token_of(params), limit=limit_of(params)
        )
        return {"reports": [_report(each) for each in page.entries], "nextToken": page.next_token}

    async def list(self, call: Call, params: Params) -> Member:
        """ListUsage."""
        repository, cluster = params.get("repositoryName"), params.get("clusterName")
        if (repository is None) is (cluster is None):
            raise InvalidParameter("repositoryName", "or clusterName must be given, and not both")
        token, limit = token_of(params), limit_of(params)
        if cluster is not None:
            page = await self._reports.page_of_cluster(
                _cluster(call, str(cluster)), token=token, limit=limit, may_pull=self._may_pull(call)
            )
        else:
            page = await self._reports.page_of_repository(
                Registry(call.account, call.region),
                parse_repository_name(str(repository)),
                token=token,
                limit=limit,
            )
        return {"usages": [_usage(each) for each in page.entries], "nextToken": page.next_token}

    def _may_pull(self, call: Call) -> MayPull:
        context = context_of(call)

        async def may_pull(repository: Repository) -> bool:
            return await self._decisions.allows(
                call.caller,
                _PULL,
                account=repository.registry.account,
                resource=repository.arn,
                context=context,
            )

        return may_pull


def _cluster(call: Call, name: str) -> Cluster:
    return Cluster(Registry(call.account, call.region), name)


def _named(call: Call, given: Mapping[str, str]) -> NamedImage:
    registry = Registry(given.get("registryId", call.account), call.region)
    return NamedImage(registry, parse_repository_name(given["repositoryName"]), given["imageDigest"])


def _report(report: Report) -> Member:
    return {
        "clusterName": report.cluster.name,
        "clusterArn": report.cluster.arn,
        "reportedBy": report.reported_by,
        "reportedAt": report.reported_at,
        "expiresAt": report.expires_at,
        "imageCount": report.images,
    }


def _usage(usage: UsageOfImage) -> Member:
    return {
        "registryId": usage.registry.account,
        "repositoryName": usage.name,
        "imageDigest": usage.digest,
        "clusterName": usage.use.cluster.name,
        "clusterArn": usage.use.cluster.arn,
        "reportedAt": usage.use.reported_at,
        "expiresAt": usage.use.expires_at,
    }


def _failure(failure: UsageFailure) -> Member:
    image = failure.image
    code, reason = _said(failure.refusal)
    named = {
        "registryId": image.registry.account,
        "repositoryName": image.name,
        "imageDigest": image.digest,
    }
    return {"image": named, "failureCode": code, "failureReason": reason}


def _said(refusal: Refusal) -> tuple[str, str]:
    match refusal:
        case RepositoryNotFound():
            return "RepositoryNotFound", "There is no such repository, or its images may not be pulled"
        case ImageNotFound():
            return "ImageNotFound", "There is no such image in the repository"
        case DigestUnsupported():
            return "InvalidImageDigest", "The digest must be a sha256 or sha512 digest"
    raise refusal
