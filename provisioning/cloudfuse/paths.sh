# shellcheck shell=bash
# Where cloudfuse lives; shared by the scripts of this step.
# shellcheck disable=SC2034 # used by the scripts that read this file
versions=/opt/cloudfuse program=/usr/local/bin/cloudfuse

# runs BINARY: is it there, and are all its libraries?
runs() { [[ -x $1 ]] && ! ldd "$1" | grep --quiet 'not found'; }
