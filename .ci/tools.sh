#!/bin/sh
# Installs the Debian packages that the checks need besides what `npm run up` installs by itself; with arguments, of these programs alone.
set -eu
missing=""
for pair in shellcheck:shellcheck mmdebstrap:mmdebstrap systemd-nspawn:systemd-container git:git curl:curl chromium:chromium; do
  case " ${*:-${pair%%:*}} " in *" ${pair%%:*} "*) ;; *) continue ;; esac
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
# mmdebstrap makes a Debian, whose keys another system does not have.
case " ${*:-mmdebstrap} " in
*" mmdebstrap "*) [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring" ;;
esac
[ -z "$missing" ] && exit 0
echo "Installing$missing ..."
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
