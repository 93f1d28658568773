"""All rows of the registry, within one transaction."""

from entrepot.storage.metadata.access_keys import SqlAccessKeys
from entrepot.storage.metadata.accounts import SqlAccounts
from entrepot.storage.metadata.audit_events import SqlAuditEvents
from entrepot.storage.metadata.blob_copies import SqlBlobCopies
from entrepot.storage.metadata.blobs import SqlBlobRows
from entrepot.storage.metadata.changes import SqlChanges
from entrepot.storage.metadata.clocks import SqlClock
from entrepot.storage.metadata.connection import Connection
from entrepot.storage.metadata.counts import SqlCounts
from entrepot.storage.metadata.deleted_images import SqlDeletedImages
from entrepot.storage.metadata.deleted_repositories import SqlDeletedRepositories
from entrepot.storage.metadata.deletion_protections import SqlDeletionProtections
from entrepot.storage.metadata.garbage import SqlGarbage
from entrepot.storage.metadata.identities import SqlIdentities
from entrepot.storage.metadata.images import SqlImages
from entrepot.storage.metadata.inline_policies import SqlInlinePolicies
from entrepot.storage.metadata.inspection import SqlInspection
from entrepot.storage.metadata.jobs import SqlJobs
from entrepot.storage.metadata.key_uses import SqlKeyUses
from entrepot.storage.metadata.layers import SqlHeldLayers
from entrepot.storage.metadata.lifecycle_policies import SqlLifecyclePolicies
from entrepot.storage.metadata.lifecycle_previews import SqlLifecyclePreviews
from entrepot.storage.metadata.managed_policies import SqlManagedPolicies
from entrepot.storage.metadata.manifests import SqlManifests
from entrepot.storage.metadata.memberships import SqlMemberships
from entrepot.storage.metadata.oidc_providers import SqlOidcProviders
from entrepot.storage.metadata.orders import SqlOrders
from entrepot.storage.metadata.pins import SqlPins
from entrepot.storage.metadata.policy_attachments import SqlPolicyAttachments
from entrepot.storage.metadata.pull_time_exclusions import SqlPullTimeExclusions
from entrepot.storage.metadata.references import SqlReferences
from entrepot.storage.metadata.repairs import SqlRepairs
from entrepot.storage.metadata.repositories import SqlRepositories
from entrepot.storage.metadata.resource_policies import SqlRegistryPolicies, SqlRepositoryPolicies
from entrepot.storage.metadata.resource_tags import SqlResourceTags
from entrepot.storage.metadata.revisions import SqlRevision
from entrepot.storage.metadata.root_key_checks import SqlRootKeyChecks
from entrepot.storage.metadata.row_copies import SqlRowCopies
from entrepot.storage.metadata.sealed_rows import SqlSealedRows
from entrepot.storage.metadata.sessions import SqlSessions
from entrepot.storage.metadata.settings import SqlSettings
from entrepot.storage.metadata.signing_keys import SqlSigningKeys
from entrepot.storage.metadata.statistics import SqlStatistics
from entrepot.storage.metadata.subject import Subject
from entrepot.storage.metadata.tag_history import SqlTagHistory
from entrepot.storage.metadata.tags import SqlTags
from entrepot.storage.metadata.tier_moves import SqlTierMoves
from entrepot.storage.metadata.upload_holds import SqlUploadHolds
from entrepot.storage.metadata.uploads import SqlUploads
from entrepot.storage.metadata.usage import SqlUsage


class SqlRecords(Subject):
    """Every subject over one connection.

    A subject is made when it is asked for: most bodies ask for one, and a connection lasts no
    longer than its body, so there is nothing to keep.
    """

    __slots__ = ("changes", "revision")

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.revision = SqlRevision(connection)
        self.changes = SqlChanges(connection)

    @property
    def repositories(self) -> SqlRepositories:
        return SqlRepositories(self._connection, self.revision)

    @property
    def resource_tags(self) -> SqlResourceTags:
        return SqlResourceTags(self._connection)

    @property
    def repository_policies(self) -> SqlRepositoryPolicies:
        return SqlRepositoryPolicies(self._connection, self.revision)

    @property
    def registry_policies(self) -> SqlRegistryPolicies:
        return SqlRegistryPolicies(self._connection, self.revision)

    @property
    def lifecycle_policies(self) -> SqlLifecyclePolicies:
        return SqlLifecyclePolicies(self._connection)

    @property
    def lifecycle_previews(self) -> SqlLifecyclePreviews:
        return SqlLifecyclePreviews(self._connection)

    @property
    def pull_time_exclusions(self) -> SqlPullTimeExclusions:
        return SqlPullTimeExclusions(self._connection)

    @property
    def pins(self) -> SqlPins:
        return SqlPins(self._connection)

    @property
    def usage(self) -> SqlUsage:
        return SqlUsage(self._connection)

    @property
    def images(self) -> SqlImages:
        return SqlImages(self._connection, self.changes)

    @property
    def manifests(self) -> SqlManifests:
        return SqlManifests(self._connection)

    @property
    def tags(self) -> SqlTags:
        return SqlTags(self._connection, self.changes)

    @property
    def deleted_images(self) -> SqlDeletedImages:
        return SqlDeletedImages(self._connection, self.changes)

    @property
    def deleted_repositories(self) -> SqlDeletedRepositories:
        return SqlDeletedRepositories(self._connection, self.revision)

    @property
    def tag_history(self) -> SqlTagHistory:
        return SqlTagHistory(self._connection)

    @property
    def deletion_protections(self) -> SqlDeletionProtections:
        return SqlDeletionProtections(self._connection)

    @property
    def references(self) -> SqlReferences:
        return SqlReferences(self._connection)

    @property
    def blobs(self) -> SqlBlobRows:
        return SqlBlobRows(self._connection)

    @property
    def layers(self) -> SqlHeldLayers:
        return SqlHeldLayers(self._connection)

    @property
    def uploads(self) -> SqlUploads:
        return SqlUploads(self._connection)

    @property
    def upload_holds(self) -> SqlUploadHolds:
        return SqlUploadHolds(self._connection)

    @property
    def garbage(self) -> SqlGarbage:
        return SqlGarbage(self._connection)

    @property
    def tier_moves(self) -> SqlTierMoves:
        return SqlTierMoves(self._connection)

    @property
    def access_keys(self) -> SqlAccessKeys:
        return SqlAccessKeys(self._connection, self.revision)

    @property
    def identities(self) -> SqlIdentities:
        return SqlIdentities(self._connection, self.revision)

    @property
    def inline_policies(self) -> SqlInlinePolicies:
        return SqlInlinePolicies(self._connection, self.revision)

    @property
    def key_uses(self) -> SqlKeyUses:
        return SqlKeyUses(self._connection)

    @property
    def managed_policies(self) -> SqlManagedPolicies:
        return SqlManagedPolicies(self._connection, self.revision)

    @property
    def memberships(self) -> SqlMemberships:
        return SqlMemberships(self._connection, self.revision)

    @property
    def oidc_providers(self) -> SqlOidcProviders:
        return SqlOidcProviders(self._connection, self.revision)

    @property
    def policy_attachments(self) -> SqlPolicyAttachments:
        return SqlPolicyAttachments(self._connection, self.revision)

    @property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self._connection)

    @property
    def clock(self) -> SqlClock:
        return SqlClock(self._connection)

    @property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self._connection, self.revision)

    @property
    def signing_keys(self) -> SqlSigningKeys:
        return SqlSigningKeys(self._connection)

    @property
    def settings(self) -> SqlSettings:
        return SqlSettings(self._connection, self.revision)

    @property
    def root_key_checks(self) -> SqlRootKeyChecks:
        return SqlRootKeyChecks(self._connection, self.revision)

    @property
    def sealed_rows(self) -> SqlSealedRows:
        return SqlSealedRows(self._connection)

    @property
    def jobs(self) -> SqlJobs:
        return SqlJobs(self._connection)

    @property
    def counts(self) -> SqlCounts:
        return SqlCounts(self._connection)

    @property
    def repairs(self) -> SqlRepairs:
        return SqlRepairs(self._connection)

    @property
    def orders(self) -> SqlOrders:
        return SqlOrders(self._connection)

    @property
    def statistics(self) -> SqlStatistics:
        return SqlStatistics(self._connection)

    @property
    def inspection(self) -> SqlInspection:
        return SqlInspection(self._connection)

    @property
    def blob_copies(self) -> SqlBlobCopies:
        return SqlBlobCopies(self._connection)

    @property
    def row_copies(self) -> SqlRowCopies:
        return SqlRowCopies(self._connection)

    @property
    def audit_events(self) -> SqlAuditEvents:
        return SqlAuditEvents(self._connection)
