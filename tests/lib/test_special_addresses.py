"""The outbound guard, held row by row against the registries of special-purpose addresses.

Source: the IANA IPv4 Special-Purpose Address Registry and the IANA IPv6 Special-Purpose Address
Registry (RFC 6890, RFC 8190), as known on 2026-11-29; the newest row is that of RFC 9780. Below
them what other registries and RFCs set apart.
"""

from ipaddress import ip_network

import pytest

from lib.outbound_guard import is_allowed

#: block, name, RFC
IPV4 = """
0.0.0.0/8           "This network"                      791
0.0.0.0/32          "This host on this network"         1122
10.0.0.0/8          Private-Use                         1918
100.64.0.0/10       Shared Address Space                6598
127.0.0.0/8         Loopback                            1122
169.254.0.0/16      Link Local                          3927
172.16.0.0/12       Private-Use                         1918
192.0.0.0/24        IETF Protocol Assignments           6890
192.0.0.0/29        IPv4 Service Continuity Prefix      7335
192.0.0.8/32        IPv4 dummy address                  7600
192.0.0.9/32        Port Control Protocol Anycast       7723
192.0.0.10/32       TURN Anycast                        8155
192.0.0.170/32      NAT64/DNS64 Discovery               7050
192.0.0.171/32      NAT64/DNS64 Discovery               7050
192.0.2.0/24        Documentation (TEST-NET-1)          5737
192.31.196.0/24     AS112-v4                            7535
192.52.193.0/24     AMT                                 7450
192.88.99.0/24      Deprecated (6to4 Relay Anycast)     7526
192.88.99.2/32      6a44-relay anycast address          6751
192.168.0.0/16      Private-Use                         1918
192.175.48.0/24     Direct Delegation AS112 Service     7534
198.18.0.0/15       Benchmarking                        2544
198.51.100.0/24     Documentation (TEST-NET-2)          5737
203.0.113.0/24      Documentation (TEST-NET-3)          5737
240.0.0.0/4         Reserved                            1112
255.255.255.255/32  Limited Broadcast                   8190
"""
IPV6 = """
::1/128             Loopback Address                    4291
::/128              Unspecified Address                 4291
64:ff9b:1::/48      IPv4-IPv6 Translation, local use    8215
100::/64            Discard-Only Address Block          6666
100:0:0:1::/64      Dummy IPv6 Prefix                   9780
2001::/23           IETF Protocol Assignments           2928
2001::/32           TEREDO                              4380
2001:1::1/128       Port Control Protocol Anycast       7723
2001:1::2/128       TURN Anycast                        8155
2001:1::3/128       DNS-SD SRP Anycast                  9665
2001:2::/48         Benchmarking                        5180
2001:3::/32         AMT                                 7450
2001:4:112::/48     AS112-v6                            7535
2001:10::/28        Deprecated (ORCHID)                 4843
2001:20::/28        ORCHIDv2                            7343
2001:30::/28        Drone Remote ID Protocol            9374
2001:db8::/32       Documentation                       3849
2002::/16           6to4                                3056
2620:4f:8000::/48   Direct Delegation AS112 Service     7534
3fff::/20           Documentation                       9637
5f00::/16           Segment Routing (SRv6) SIDs         9602
fc00::/7            Unique-Local                        4193
fe80::/10           Link-Local Unicast                  4291
"""
OTHERS = """
224.0.0.0/4         Multicast                           5771
168.63.129.16/32    Azure's metadata                    -
fec0::/10           Site-local, deprecated              3879
ff00::/8            Multicast                           4291
::/96               IPv4-compatible, deprecated         4291
1::/16              Not allocated                       4291
4000::/3            Not allocated                       4291
e000::/4            Not allocated                       4291
"""
#: The rows ``::ffff:0:0/96`` (IPv4-mapped) and ``64:ff9b::/96`` (IPv4-IPv6 Translation, RFC 6052)
#: stand for an IPv4 address, which is judged.
CARRIERS = ("::ffff:", "64:ff9b::")
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "192.0.1.1",
    "192.88.98.255",
    "192.88.100.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "2001:200::",
    "2001:4860:4860::8888",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2003::1",
    "2606:4700::1111",
    "2620:4f:7fff::1",
    "2620:4f:8001::1",
    "3ffe:ffff::1",
    "3fff:1000::1",
]


def blocks(table: str) -> list[str]:
    return [line.split()[0] for line in table.strip().splitlines()]


@pytest.mark.parametrize("block", blocks(IPV4 + IPV6.lstrip() + OTHERS.lstrip()))
def test_no_address_of_a_special_block_is_called(block: str) -> None:
    network = ip_network(block)
    middle = network[network.num_addresses // 2]
    asked = {str(network[0]), str(middle), str(network[-1])}
    assert [address for address in asked if is_allowed(address)] == []


@pytest.mark.parametrize("block", blocks(IPV4))
@pytest.mark.parametrize("carrier", CARRIERS)
def test_nor_is_it_in_the_dress_of_ipv6(carrier: str, block: str) -> None:
    network = ip_network(block)
    asked = {f"{carrier}{network[0]}", f"{carrier}{network[-1]}"}
    assert [address for address in asked if is_allowed(address)] == []


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_public_address_may_be_called_in_the_dress_of_ipv6(carrier: str) -> None:
    assert is_allowed(f"{carrier}8.8.8.8")


@pytest.mark.parametrize("address", PUBLIC)
def test_the_neighbours_of_special_blocks_are_public(address: str) -> None:
    assert is_allowed(address)
