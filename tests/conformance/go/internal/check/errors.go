package check

import (
	"errors"
	"strings"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

// LogError ends the check unless `err` is the SDK's own error with this HTTP status, this code, a
// message that holds `message`, and a request id.
func (t *T) LogError(err error, status int32, code, message string) {
	var refused *sls.Error
	if !errors.As(err, &refused) {
		t.Fail("want an *sls.Error %s, got %T: %v", code, err, err)
	}
	t.Equal("code", refused.Code, code)
	t.Equal("HTTPCode of "+code, refused.HTTPCode, status)
	t.True(strings.Contains(refused.Message, message), "%s: message %q has no %q", code, refused.Message, message)
	t.True(refused.RequestID != "", "%s: no request id", code)
}

// TableError ends the check unless `err` is the SDK's own error with this HTTP status, code and
// whole message, and a request id.
func (t *T) TableError(err error, status int, code, message string) {
	var refused *tablestore.OtsError
	if !errors.As(err, &refused) {
		t.Fail("want an *OtsError %s, got %T: %v", code, err, err)
	}
	t.Equal("code", refused.Code, code)
	t.Equal("HTTP status of "+code, refused.HttpStatusCode, status)
	t.Equal("message of "+code, refused.Message, message)
	t.True(refused.RequestId != "", "%s: no request id", code)
}
