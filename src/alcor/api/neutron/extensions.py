"""The extensions of Neutron's API that are of no single resource; those of one stand in its definition."""

from alcor.model.extension import Extension

EXTENSIONS = (
    Extension("empty-string-filtering", "Empty String Filtering Extension", "Allow filtering by attributes with empty string value"),  # noqa: E501
    Extension("external-net", "Neutron external network", "Adds external network attribute to network resource."),
    Extension("filter-validation", "Filter parameters validation", "Provides validation on filter parameters."),
    Extension("net-mtu", "Network MTU", "Provides MTU attribute for a network resource."),
    Extension("net-mtu-writable", "Network MTU (writable)", "Provides a writable MTU attribute for a network resource."),  # noqa: E501
    Extension("pagination", "Pagination support", "Extension that indicates that pagination is enabled."),
    Extension("project-id", "project_id field enabled", "Extension that indicates that project_id field is enabled."),
    Extension("provider", "Provider Network", "Expose mapping of virtual networks to physical networks"),
    Extension("quota-check-limit", "Quota engine limit check", "Support for checking the resource usage before applying a new quota limit"),  # noqa: E501
    Extension("quota-check-limit-default", "Quota engine limit check by default", "By default, check the resource usage before applying a new quota limit"),  # noqa: E501
    Extension("quota_details", "Quota details management support", "Expose functions for quotas usage statistics per project"),  # noqa: E501
    Extension("quotas", "Quota management support", "Expose functions for quotas management per project"),
    Extension("revision-if-match", "If-Match constraints based on revision_number", "Extension indicating that If-Match based on revision_number is supported."),  # noqa: E501
    Extension("sort-key-validation", "Sort keys validation", "Provides validation on sort keys."),
    Extension("sorting", "Sorting support", "Extension that indicates that sorting is enabled."),
    Extension("standard-attr-description", "standard-attr-description", "Extension to add descriptions to standard attributes"),  # noqa: E501
    Extension("standard-attr-revisions", "Resource revision numbers", "This extension will display the revision number of neutron resources."),  # noqa: E501
    Extension("standard-attr-tag", "Tag support for resources with standard attribute: port, subnet, network", "Enables to set tag on resources with standard attribute."),  # noqa: E501
    Extension("standard-attr-timestamp", "Resource timestamps", "Adds created_at and updated_at fields to all Neutron resources that have Neutron standard attributes."),  # noqa: E501
    Extension("subnet-external-network", "Subnet belongs to an external network", "Subnets of external networks are shown to everybody"),  # noqa: E501
    Extension("tag", "Tag support", "Enables to set tag on resources."),
    Extension("tag-ext", "Tag support for resources: subnet, port, router, subnetpool", "Extends tag support to more L2 and L3 resources."),  # noqa: E501
    Extension("tag-creation", "Tag creation", "Allows to create tags of a resource in one request."),
    Extension("tag-ports-during-bulk-creation", "Tag Ports During Bulk Creation", "Allow to tag ports during bulk creation"),  # noqa: E501
)  # fmt: skip
