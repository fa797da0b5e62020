# shellcheck shell=bash
# Where the credentials live; shared by the scripts of this step.
# shellcheck disable=SC2034 # used by the scripts that read this file
mount_home=/var/lib/content-mount publisher_config=/etc/site-publisher

# mount_credentials DRIVER: the file each driver looks for.
mount_credentials() {
  case $1 in
  cloudfuse) printf '%s/.cloudfuse\n' "$mount_home" ;;
  rclone) printf '%s/rclone.conf\n' "$mount_home" ;;
  esac
}
