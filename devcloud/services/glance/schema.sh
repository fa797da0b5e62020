# shellcheck shell=bash
install -d -o glance -g glance /var/lib/glance/images /var/lib/glance/staging /var/lib/glance/tasks
as_user glance glance-manage db_sync
