// Package sandbox knows where the sandbox under test is, and makes SDK clients for it.
package sandbox

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/go-kit/kit/log"
	"github.com/go-kit/kit/log/level"
)

// Key is an access key pair, with its token if it is a temporary one.
type Key struct{ ID, Secret, Token string }

// Sandbox is the sandbox under test, as the runner of the suites describes it.
type Sandbox struct {
	// LogEndpoint is a name that does not resolve: the requests get there by way of a proxy.
	LogEndpoint   string
	TableEndpoint string
	Admin         string
	Instance      string
	Key           Key
	STS           Key
}

// FromEnvironment reads the environment that the suites share, and sends all requests for names
// that are not loopback to the sandbox as their HTTP proxy.
func FromEnvironment() (*Sandbox, error) {
	var missing []string
	need := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	proxy := need("LOG_SERVICE_ADDRESS")
	s := &Sandbox{
		LogEndpoint:   need("LOG_SERVICE_ENDPOINT"),
		TableEndpoint: need("TABLE_STORE_ENDPOINT"),
		Admin:         strings.TrimSuffix(need("SANDBOX_ADMIN"), "/"),
		Instance:      need("INSTANCE"),
		Key:           Key{ID: need("ACCESS_KEY_ID"), Secret: need("ACCESS_KEY_SECRET")},
		STS: Key{
			ID:     os.Getenv("STS_ACCESS_KEY_ID"),
			Secret: os.Getenv("STS_ACCESS_KEY_SECRET"),
			Token:  os.Getenv("STS_SECURITY_TOKEN"),
		},
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("not set: %s", strings.Join(missing, ", "))
	}
	// The SDK's own choice is stdout, which belongs to the results.
	sls.Logger = Logger
	return s, os.Setenv("http_proxy", "http://"+proxy)
}

// Logger is where the SDKs may complain.
var Logger = level.NewFilter(log.NewLogfmtLogger(log.NewSyncWriter(os.Stderr)), level.AllowWarn())

// Logs is a Log Service client with the plain key pair.
func (s *Sandbox) Logs() *sls.Client { return s.LogsWith(s.Key) }

// LogsWith is a Log Service client with `key`.
func (s *Sandbox) LogsWith(key Key) *sls.Client {
	return &sls.Client{
		Endpoint:        s.LogEndpoint,
		AccessKeyID:     key.ID,
		AccessKeySecret: key.Secret,
		SecurityToken:   key.Token,
		HTTPClient:      &http.Client{Transport: http.DefaultTransport},
	}
}

// Tables is a Table Store client with the plain key pair.
func (s *Sandbox) Tables() *tablestore.TableStoreClient { return s.TablesWith(s.Key, nil) }

// TablesWith is a Table Store client with `key`; the SDK's own configuration where config is nil.
func (s *Sandbox) TablesWith(key Key, config *tablestore.TableStoreConfig) *tablestore.TableStoreClient {
	return tablestore.NewClientWithConfig(s.TableEndpoint, s.Instance, key.ID, key.Secret, key.Token, config)
}
