#!/bin/sh
# Let pages have a whole sandbox on a machine of the platform. Ubuntu 24.04 refuses namespaces to programs that AppArmor
# does not know. The machine is thrown away after the job. Where the setting is not there, nothing is refused.
set -eu
setting=/proc/sys/kernel/apparmor_restrict_unprivileged_userns
if [ -e "$setting" ] && [ "$(cat "$setting")" != 0 ]; then
    sudo sysctl --quiet --write kernel.apparmor_restrict_unprivileged_userns=0
fi
