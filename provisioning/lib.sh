# shellcheck shell=bash
# What the provisioning steps have in common. Each script names itself in $step and reads this file from its own folder:
#
#     step=packages
#     . ./lib.sh
#
# Messages: one line each, in the user's words, with the step in front. Nothing here prints a secret.

# What a step puts on the machine is for its services to read; the caller's umask may be stricter. Secrets are made
# private one by one.
umask 022

# say TEXT: progress, to standard output.
say() { printf '%s: %s\n' "${step:?}" "$*"; }

# fail TEXT: the one line that says what is wrong and what helps; ends the script.
fail() {
  printf '%s: error: %s\n' "${step:?}" "$*" >&2
  exit 1
}

# read_inputs: takes the KEY='value' lines of the file `inputs`, if there is one.
read_inputs() {
  if [[ -f ./inputs ]]; then
    # shellcheck source=/dev/null
    . ./inputs
  fi
}

# require_root: every step changes the machine.
require_root() { ((EUID == 0)) || fail "must run as root; try: sudo bash $0"; }

# one_of NAME VALUE...: the input NAME must be one of the values.
one_of() {
  local name=$1 allowed
  shift
  for allowed in "$@"; do
    if [[ ${!name-} == "$allowed" ]]; then return; fi
  done
  fail "input $name must be one of: $*; it is '${!name-}'"
}

# wait_until SECONDS COMMAND...: tries once a second; its exit code says whether the command ever succeeded.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 1
  done
}

# ensure_user NAME HOME: a system user that nobody can log in as. The home is named, not made.
ensure_user() {
  getent passwd "$1" >/dev/null ||
    useradd --system --user-group --home-dir "$2" --no-create-home --shell /usr/sbin/nologin "$1"
}

# remove_user NAME: tolerant of a user that is gone.
remove_user() {
  if getent passwd "$1" >/dev/null; then userdel "$1"; fi
}

# install_file SOURCE TARGET OWNER:GROUP MODE: puts a file in place as a whole, or not at all. A file that is right
# already keeps its times, by which start_or_refresh sees what changed. The copy is private until it is complete.
install_file() {
  local source=$1 target=$2 owner=$3 mode=$4 copy
  if [[ -f $target && ! -L $target ]] && cmp --silent "$source" "$target" &&
    [[ $(stat --format='%U:%G %a' "$target") == "$owner ${mode#0}" ]]; then
    return
  fi
  copy=$(mktemp "$target.XXXXXX")
  cat "$source" >"$copy"
  chown "$owner" "$copy"
  chmod "$mode" "$copy"
  mv --force --no-target-directory "$copy" "$target"
}

# require_private FILE OWNER: nobody else may read it.
require_private() { [[ $(stat --format='%U %a' "$1") == "$2 600" ]] || fail "$1 must belong to $2 alone (mode 0600)"; }

# covers CERTIFICATE NAME: is the certificate valid for the name?
covers() { [[ $(openssl x509 -in "$1" -noout -checkhost "$2") == *'does match'* ]]; }

# newer_than_start UNIT FILE...: did one of the files change after the unit was started?
newer_than_start() {
  local unit=$1 file started changed
  shift
  started=$(systemctl show --timestamp=us --property=InactiveExitTimestamp --value "$unit")
  started=$(date --date="$started" +%s%6N)
  for file in "$@"; do
    if [[ ! -e $file ]]; then continue; fi
    changed=$(stat --format=%.6Z "$file")
    if ((${changed/./} > started)); then return 0; fi
  done
  return 1
}

# refresh UNIT FILE...: restarts a running unit if it was started before one of its files changed. The unit's own state
# is the memory, so a run that was interrupted between the two is made good by the next one. A service that does not come
# up is no error here: verify.sh gives it time, and says what is wrong.
refresh() {
  local unit=$1
  case $(systemctl is-active "$unit") in
  active | activating | reloading)
    if newer_than_start "$@"; then
      say "restarting $unit: its files changed"
      systemctl restart "$unit" 2>/dev/null || true
    fi
    ;;
  esac
}

# start_or_refresh UNIT FILE...: the same, and a unit that is not running is started, now and at every boot.
start_or_refresh() {
  local unit=$1
  if [[ $(systemctl show --property=NeedDaemonReload --value "$unit") == yes ]]; then systemctl daemon-reload; fi
  systemctl --quiet enable "$unit"
  refresh "$@"
  systemctl start "$unit" 2>/dev/null || true
}

# remove_unit UNIT: stopped, disabled and forgotten, whether it was there or not.
remove_unit() {
  local unit=$1
  if [[ -e /etc/systemd/system/$unit ]]; then
    systemctl --quiet disable --now "$unit"
    rm -rf "/etc/systemd/system/$unit" "/etc/systemd/system/$unit.d"
    systemctl daemon-reload
  fi
  systemctl --quiet reset-failed "$unit" 2>/dev/null || true
}
