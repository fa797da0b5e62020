# shellcheck shell=bash
as_user placement placement-manage db sync
