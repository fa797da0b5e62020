# shellcheck shell=bash
# Designate makes zones by rndc.
usermod --append --groups bind designate
