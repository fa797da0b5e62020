# shellcheck shell=bash
as_user designate designate-manage database sync
