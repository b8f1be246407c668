#!/bin/bash
# topology.sh HOST...: prints the rack of each host, in order.
# Hadoop asks with IP addresses, which Docker gives out anew each time: the names are looked up.
declare -A rack
while read -r name where; do
    address=$(getent ahostsv4 "$name" | awk 'NR == 1 { print $1 }')
    rack[$name]=$where
    rack[$name.localhost]=$where
    [ -n "$address" ] && rack[$address]=$where
done < "$(dirname "$0")/racks.txt"
for host; do echo "${rack[$host]:-/default-rack}"; done
