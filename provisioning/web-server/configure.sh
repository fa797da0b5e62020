#!/usr/bin/env bash
# Makes nginx serve the site: by HTTPS, if there is a certificate of its name. Courses whose names the certificate does not
# have are served by path for the time being, and by HTTP at their names. Run by this step, and whenever a certificate was
# obtained.
# Inputs: those of install.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=web-server
. ./lib.sh
. ./paths.sh
read_inputs

domain=${SERVER_NAME:-_} form=http
if [[ -s $certificate && -s $key ]] && covers "$certificate" "$domain"; then form=https; fi
names=$domain waiting='' edits=()
for name in $COURSE_NAMES; do
  if [[ $form == http ]] || covers "$certificate" "$name"; then
    names+=" $name"
  else
    waiting+=" $name"
    # Nobody is led there yet.
    edits+=(-e "\|//${name}[$]|d")
  fi
done
parts=(common.conf courses.conf "$form.conf")
if [[ -n $waiting ]]; then parts+=(waiting.conf); fi
log_address=\$xwmooc_anonymous error_level=crit
if [[ $LOG_ADDRESSES == full ]]; then log_address=\$remote_addr error_level=error; fi
visitor=\$binary_remote_addr
if [[ $BALANCED == yes ]]; then visitor='""'; fi
edits+=(-e "s|@LOG_ADDRESS@|$log_address|" -e "s|@ERROR_LEVEL@|$error_level|" -e "s|@VISITOR@|$visitor|"
  -e "s|@SERVER_NAME@|$domain|" -e "s|@NAMES@|$names|" -e "s|@WAITING@|${waiting# }|" -e "s|@CERTIFICATE@|$certificate|"
  -e "s|@KEY@|$key|")
# Without IPv6 in the kernel nginx would not start.
if [[ ! -e /proc/net/if_inet6 ]]; then edits+=(-e '/\[::\]/d'); fi
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
rendered=$scratch/rendered before=$scratch/before
mkdir "$before"
sed "${edits[@]}" "${parts[@]}" >"$rendered"
read -ra others <<<"$SIBLINGS"
challenge=challenge
if ((${#others[@]} > 0)); then
  challenge="challenge-siblings"
  # None is left out for having failed: each has other challenges.
  printf 'upstream xwmooc_siblings {\n%s\n}\n' "$(printf '    server %s:80 max_fails=0;\n' "${others[@]}")" >>"$rendered"
fi
for file in "$site" "$main" "$snippets"-{site,challenge}.conf; do
  if [[ -e $file ]]; then (cd / && cp --archive --parents "${file#/}" "$before"); fi
done
install_file site.conf "$snippets-site.conf" root:root 0644
install_file "$challenge.conf" "$snippets-challenge.conf" root:root 0644
install_file main.conf "$main" root:root 0644
install_file "$rendered" "$site" root:root 0644

if ! problem=$(nginx -t -q 2>&1); then
  # It would not start any more after a reboot.
  cp --archive "$before/." /
  fail "nginx refuses its configuration: $problem"
fi
# A reload interrupts nobody, so it needs no look at what changed. It returns while the workers of before still answer, by
# the configuration of before.
mapfile -t workers < <(pgrep --full --parent "$(systemctl show --property=MainPID --value nginx.service)" '^nginx: worker')
systemctl reload-or-restart nginx.service
is_retired() { [[ $(ps -o args= -p "$1") != "nginx: worker process" ]]; }
for worker in "${workers[@]}"; do
  wait_until 30 is_retired "$worker" || fail "nginx still answers by its configuration of before; see: journalctl -u nginx"
done
say "the site is served by ${form^^}${waiting:+, but at$waiting by HTTP until the certificate has them}"
