package logservice

import (
	"net/http"
	"strings"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"conformance/internal/check"
	"conformance/internal/logstore"
	"conformance/internal/sandbox"
)

const region = "cn-sandbox"

func signatureV1(t *check.T) { exercise(t, func(*sls.Client) {}) }

func signatureV4(t *check.T) { exercise(t, useV4) }

func useV4(client *sls.Client) {
	client.SetAuthVersion(sls.AuthV4)
	client.SetRegion(region)
}

// exercise makes calls of every kind that signatures tell apart: with and without a body, with
// parameters that need escaping, with protobuf and JSON.
func exercise(t *check.T, sign func(*sls.Client)) {
	s := logstore.New(t, 1)
	sign(s.Client)
	s.Put(topmost[1:]+"e", "signed")
	t.Equal("ids", s.IDs(0), []string{"signed"})
	cg := sls.ConsumerGroup{ConsumerGroupName: "signed", Timeout: 30}
	t.NoError("create a group", s.Client.CreateConsumerGroup(s.Project, s.Name, cg))
	given, err := s.Client.HeartBeat(s.Project, s.Name, "signed", "ein Name/mit + & = ü", nil)
	t.NoError("heartbeat", err)
	t.Equal("shards", given, []int{0})
	err = s.Client.UpdateCheckpoint(s.Project, s.Name, "signed", "ein Name/mit + & = ü", 0, s.Cursor(0, "end"), false)
	t.NoError("save", err)
	stored, err := s.Client.GetCheckpoint(s.Project, s.Name, "signed")
	t.NoError("get", err)
	t.Equal("consumer", stored[0].Consumer, "ein Name/mit + & = ü")
	t.NoError("delete the group", s.Client.DeleteConsumerGroup(s.Project, s.Name, "signed"))
}

func wrongSecret(t *check.T) {
	for _, sign := range []func(*sls.Client){func(*sls.Client) {}, useV4} {
		client := t.LogsWith(sandbox.Key{ID: t.Key.ID, Secret: "guessed"})
		sign(client)
		_, err := client.GetProject("go-any-project")
		t.LogError(err, 401, "SignatureNotMatch", "")
		err = client.PutLogs("go-any-project", "events", logstore.Group("1"))
		t.LogError(err, 401, "SignatureNotMatch", "")
		_, err = client.ListConsumerGroup("go-any-project", "events")
		t.LogError(err, 401, "SignatureNotMatch", "")
	}
}

func unknownKey(t *check.T) {
	for _, sign := range []func(*sls.Client){func(*sls.Client) {}, useV4} {
		client := t.LogsWith(sandbox.Key{ID: "nobody", Secret: t.Key.Secret})
		sign(client)
		_, err := client.GetProject("go-any-project")
		t.LogError(err, 401, "InvalidAccessKeyId", "nobody")
	}
}

func stsToken(t *check.T) {
	s := logstore.New(t, 1)
	for _, sign := range []func(*sls.Client){func(*sls.Client) {}, useV4} {
		client := t.LogsWith(t.STS)
		sign(client)
		project, err := client.GetProject(s.Project)
		t.NoError("with the right token", err)
		t.Equal("project", project.Name, s.Project)
		for _, token := range []string{"", "expired"} {
			client := t.LogsWith(sandbox.Key{ID: t.STS.ID, Secret: t.STS.Secret, Token: token})
			sign(client)
			_, err := client.GetProject(s.Project)
			t.LogError(err, 401, "Unauthorized", "token")
		}
	}
}

// stsRenewal has a client whose token is refused fetch another by itself.
func stsRenewal(t *check.T) {
	s := logstore.New(t, 1)
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	fetched := 0
	client, err := sls.CreateTokenAutoUpdateClient(t.LogEndpoint, func() (string, string, string, time.Time, error) {
		fetched++
		token := "expired"
		if fetched > 1 {
			token = t.STS.Token
		}
		return t.STS.ID, t.STS.Secret, token, time.Now().Add(time.Hour), nil
	}, done)
	t.NoError("make the client", err)
	project, err := client.GetProject(s.Project)
	t.NoError("call with a token that has expired", err)
	t.Equal("project", project.Name, s.Project)
	t.Equal("tokens fetched", fetched, 2)
}

// skewedClock signs with the SDK's own signers, at another time.
func skewedClock(t *check.T) {
	s := logstore.New(t, 1)
	for offset, refused := range map[time.Duration]bool{
		-16 * time.Minute: true, 16 * time.Minute: true, -14 * time.Minute: false, 14 * time.Minute: false,
	} {
		for _, sign := range []func(*sls.Client){func(*sls.Client) {}, useV4} {
			client := t.Logs()
			sign(client)
			client.HTTPClient = &http.Client{Transport: skewed{t.Key, offset}}
			_, err := client.GetProject(s.Project)
			if refused {
				t.LogError(err, 400, "RequestTimeExpired", "")
			} else {
				t.NoError("a clock that is "+offset.String()+" off", err)
			}
		}
	}
}

// skewed sends requests without a body signed anew, as if the clock were off.
type skewed struct {
	key    sandbox.Key
	offset time.Duration
}

func (s skewed) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	headers := map[string]string{sls.HTTPHeaderHost: request.URL.Host}
	for name := range request.Header {
		// The signers know their own headers in lower case.
		if own := strings.ToLower(name); strings.HasPrefix(own, "x-log-") {
			headers[own] = request.Header.Get(name)
		}
	}
	now := time.Now().UTC().Add(s.offset)
	var signer sls.Signer = sls.NewSignerV1(s.key.ID, s.key.Secret)
	if request.Header.Get("Date") == "" {
		signer = sls.NewSignerV4(s.key.ID, s.key.Secret, region)
		headers[sls.HTTPHeaderLogDate] = now.Format(sls.ISO8601)
	} else {
		headers[sls.HTTPHeaderDate] = now.Format(http.TimeFormat)
	}
	if err := signer.Sign(request.Method, request.URL.RequestURI(), headers, nil); err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	return http.DefaultTransport.RoundTrip(request)
}
