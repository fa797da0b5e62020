module xwmooc/upload-gateway

go 1.25.0

require (
	github.com/VictoriaMetrics/metrics v1.44.0
	github.com/coreos/go-systemd/v22 v22.7.0
	github.com/fclairamb/ftpserverlib v0.27.0
	github.com/ncw/swift/v2 v2.0.5
	github.com/pkg/sftp v1.13.12
	github.com/spf13/afero v1.14.0
	golang.org/x/crypto v0.54.0
	golang.org/x/sync v0.22.0
	golang.org/x/text v0.40.0
)

require (
	github.com/fclairamb/go-log v0.6.0 // indirect
	github.com/kr/fs v0.1.0 // indirect
	github.com/valyala/fastrand v1.1.0 // indirect
	github.com/valyala/histogram v1.2.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
