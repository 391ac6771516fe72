"""The extensions of Neutron's API that are attributes of ports and their rules."""

from alcor.model.extension import Extension

PORT_EXTENSIONS = (
    Extension("aap-reject-multicast", "Allowed address pairs reject multicast extension", "Reject multicast addresses in Allowed Address Pairs"),  # noqa: E501
    Extension("allowed-address-pairs", "Allowed Address Pairs", "Provides allowed address pairs"),
    Extension("binding", "Port Binding", "Expose port bindings of a virtual port to external application"),
    Extension("binding-extended", "Port Bindings Extended", "Expose port bindings of a virtual port to external application"),  # noqa: E501
    Extension("data-plane-status", "Port data plane status extension", "Expose status of underlying data plane"),
    Extension("dns-domain-ports", "dns_domain for ports", "Allows the DNS domain to be specified for a network port."),
    Extension("dns-integration", "DNS Integration", "Provides integration with DNS."),
    Extension("dns-integration-domain-keywords", "DNS domain names with keywords allowed", "Labels of domains can stand for the project and the user of a port"),  # noqa: E501
    Extension("extra_dhcp_opt", "Neutron Extra DHCP options", "Extra options configuration for DHCP. For example PXE boot options to DHCP clients can be specified (e.g. tftp-server, server-ip-address, bootfile-name)"),  # noqa: E501
    Extension("ip_allocation", "IP Allocation", "IP allocation extension."),
    Extension("ip-substring-filtering", "IP address substring filtering", "Provides IP address substring filtering when listing ports"),  # noqa: E501
    Extension("port-device-profile", "Port device profile", "Expose the port device profile (Cyborg)"),
    Extension("port-hardware-offload-type", "Port hardware offload", "Expose port hardware offload extension"),
    Extension("port-hint-ovs-tx-steering", "Port hint: Open vSwitch Tx steering", "Enable Port hint: Open vSwitch Tx steering"),  # noqa: E501
    Extension("port-hints", "Port hints", "Backend specific port hints to allow backend specific tuning"),
    Extension("port-mac-address-regenerate", "Neutron Port MAC address regenerate", "Network port MAC address regenerate"),  # noqa: E501
    Extension("port-mac-override", "Neutron Port MAC address override", "Ports that are physical functions have the MAC of their device"),  # noqa: E501
    Extension("port-numa-affinity-policy", "Port NUMA affinity policy", "Expose the port NUMA affinity policy"),
    Extension("port-numa-affinity-policy-socket", "Port NUMA affinity policy \"socket\"", "Adds \"socket\" to the supported port NUMA affinity policies"),  # noqa: E501
    Extension("port-resource-request", "Port Resource Request", "Expose resource request to Port"),
    Extension("port-resource-request-groups", "Port Resource Request Groups", "Support requesting multiple groups of resources and traits from the same RP subtree in resource_request"),  # noqa: E501
    Extension("port-security", "Port Security", "Provides port security"),
    Extension("port-security-groups-filtering", "Port filtering on security groups", "Provides security groups filtering when listing ports"),  # noqa: E501
    Extension("port-trusted-vif", "Port trusted vif", "Expose port 'trusted' attribute in the API"),
    Extension("qos-port-network-policy", "QoS port network policy ID", "Adds a the QoS network ID to the port definition"),  # noqa: E501
    Extension("uplink-status-propagation", "Uplink status propagation extension", "Provides ability to propagate port uplink status."),  # noqa: E501
    Extension("uplink-status-propagation-updatable", "Uplink status propagation updatable extension", "Provides ability to update the port uplink status."),  # noqa: E501
)  # fmt: skip
