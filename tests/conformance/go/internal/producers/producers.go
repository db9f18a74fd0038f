// Package producers checks the producer library: logs gathered into groups, sent and sent again.
package producers

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/aliyun/aliyun-log-go-sdk/producer"
	"github.com/gogo/protobuf/proto"

	"conformance/internal/check"
	"conformance/internal/logstore"
	"conformance/internal/sandbox"
)

// Checks go beside each other.
var Checks = []check.Check{
	{Name: "producer_many_logs", Run: manyLogs},
	{Name: "producer_hash", Run: hash},
	{Name: "producer_refused", Run: refused},
	{Name: "producer_v4_zstd_tags", Run: v4ZstdTags},
}

// Alone script faults.
var Alone = []check.Check{
	{Name: "producer_faults", Run: faults},
	{Name: "producer_gives_up", Run: givesUp},
}

// outbox is a producer for a logstore, and what its callbacks said.
type outbox struct {
	*logstore.Store
	producer *producer.Producer

	mutex     sync.Mutex
	succeeded []*producer.Result
	failed    []*producer.Result
}

func (o *outbox) Success(result *producer.Result) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.succeeded = append(o.succeeded, result)
}

func (o *outbox) Fail(result *producer.Result) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.failed = append(o.failed, result)
}

func newOutbox(store *logstore.Store, change ...func(*producer.ProducerConfig)) *outbox {
	config := producer.GetDefaultProducerConfig()
	config.Endpoint = store.LogEndpoint
	config.CredentialsProvider = sls.NewStaticCredentialsProvider(store.Key.ID, store.Key.Secret, "")
	config.LingerMs = 100
	config.DisableRuntimeMetrics = true
	config.Logger = sandbox.Logger
	for _, change := range change {
		change(config)
	}
	made, err := producer.NewProducer(config)
	store.NoError("make the producer", err)
	made.Start()
	return &outbox{Store: store, producer: made}
}

// send hands a log to the producer; an empty key lets the service choose the shard.
func (o *outbox) send(key, id string) {
	log := producer.GenerateLog(uint32(time.Now().Unix()), map[string]string{"id": id})
	if key == "" {
		o.NoError("send", o.producer.SendLogWithCallBack(o.Project, o.Name, "topic", "10.0.0.2", log, o))
		return
	}
	o.NoError("send", o.producer.HashSendLogWithCallBack(o.Project, o.Name, key, "topic", "10.0.0.2", log, o))
}

// answered waits until every one of so many logs had its callback.
func (o *outbox) answered(logs int) {
	o.Soon(30*time.Second, "every log has its callback", func() bool {
		o.mutex.Lock()
		defer o.mutex.Unlock()
		return len(o.succeeded)+len(o.failed) == logs
	})
}

// arrived ends the check unless each of `ids` is in the logstore once, and nothing else.
func (o *outbox) arrived(shards int, ids []string) {
	var got []string
	for shard := range shards {
		got = append(got, o.IDs(shard)...)
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(ids))
	o.Equal("logs that arrived", len(got), len(want))
	o.True(slices.Equal(got, want), "other logs arrived than were sent")
}

func manyLogs(t *check.T) {
	o := newOutbox(logstore.New(t, 4))
	ids := logstore.Numbered("many", 10_000)
	for _, id := range ids {
		o.send("", id)
	}
	// What is still gathered is sent before the producer closes.
	o.producer.SafeClose()
	o.answered(len(ids))
	t.Equal("failures", len(o.failed), 0)
	t.True(o.succeeded[0].IsSuccessful(), "a success that is none")
	o.arrived(4, ids)
}

// hash has the producer spread keys over its 64 buckets, as it does unless told otherwise: all logs
// of a key go to the shard that holds the key's bucket.
func hash(t *check.T) {
	o := newOutbox(logstore.New(t, 4))
	want := make([][]string, 4)
	for key := range 20 {
		name := fmt.Sprintf("key-%d", key)
		bucket, err := producer.AdjustHash(name, 64)
		t.NoError("find the bucket", err)
		quarter, err := strconv.ParseInt(bucket[:1], 16, 64)
		t.NoError("read the bucket "+bucket, err)
		for _, id := range logstore.Numbered(name, 20) {
			o.send(name, id)
			want[quarter/4] = append(want[quarter/4], id)
		}
	}
	o.producer.SafeClose()
	o.answered(400)
	t.Equal("failures", len(o.failed), 0)
	for shard := range want {
		t.True(len(want[shard]) > 0, "no key goes to shard %d", shard)
		got := slices.Sorted(slices.Values(o.IDs(shard)))
		t.Equal(fmt.Sprintf("shard %d", shard), got, slices.Sorted(slices.Values(want[shard])))
	}
}

func refused(t *check.T) {
	o := newOutbox(logstore.New(t, 1))
	o.Name = "nowhere"
	o.send("", "lost")
	o.answered(1)
	o.producer.SafeClose()
	t.Equal("failures", len(o.failed), 1)
	result := o.failed[0]
	t.True(!result.IsSuccessful(), "a failure that is none")
	t.Equal("attempts", len(result.GetReservedAttempts()), 1)
	t.Equal("code", result.GetErrorCode(), "LogStoreNotExist")
	t.Equal("message", result.GetErrorMessage(), "logstore nowhere does not exist")
	t.True(result.GetRequestId() != "", "no request id")
}

func v4ZstdTags(t *check.T) {
	o := newOutbox(logstore.New(t, 1), func(config *producer.ProducerConfig) {
		config.AuthVersion, config.Region = sls.AuthV4, "cn-sandbox"
		config.CompressType = sls.Compress_ZSTD
		config.GeneratePackId = true
		config.LogTags = []*sls.LogTag{{Key: proto.String("host"), Value: proto.String("web-1")}}
	})
	o.send("", "tagged")
	o.producer.SafeClose()
	group := o.All(0)[0]
	t.Equal("ids", logstore.IDs(group), []string{"tagged"})
	t.Equal("topic", group.GetTopic(), "topic")
	t.Equal("source", group.GetSource(), "10.0.0.2")
	t.Equal("tags", len(group.LogTags), 2)
	t.Equal("the tag", group.LogTags[0].String(), `Key:"host" Value:"web-1" `)
	t.Equal("the pack id's key", group.LogTags[1].GetKey(), "__pack_id__")
}

// faults has puts fail in every way that the service may, now and then: nothing is lost, nothing
// comes twice, and the callbacks tell of success alone.
func faults(t *check.T) {
	o := newOutbox(logstore.New(t, 2), func(config *producer.ProducerConfig) {
		config.MaxBatchCount = 20
		config.BaseRetryBackoffMs = 20
	})
	t.Cleanup(func() { _ = t.ClearFaults() })
	for _, line := range []string{
		`every 5 PutLogs: refuse 403 WriteQuotaExceed "Write quota is exceeded"`,
		`every 7 PutLogs: refuse 403 ShardWriteQuotaExceed "shard write quota exceed"`,
		`next 3 PutLogs: refuse 503 ServerBusy "later"`,
		`after 10 next 3 PutLogs: cut before`,
	} {
		t.NoError("script "+line, t.Fault(line))
	}
	ids := logstore.Numbered("f", 2000)
	for _, id := range ids {
		o.send("", id)
	}
	o.answered(len(ids))
	o.producer.SafeClose()
	t.NoError("clear the faults", t.ClearFaults())
	t.Equal("failures", len(o.failed), 0)
	o.arrived(2, ids)
	codes := map[string]bool{}
	for _, result := range o.succeeded {
		for _, attempt := range result.GetReservedAttempts() {
			codes[attempt.ErrorCode] = true
		}
	}
	for _, code := range []string{"WriteQuotaExceed", "ShardWriteQuotaExceed"} {
		t.True(codes[code], "no attempt ended with %s: %v", code, codes)
	}
}

// givesUp has a producer with few retries tell of its failure and of each attempt.
func givesUp(t *check.T) {
	o := newOutbox(logstore.New(t, 1), func(config *producer.ProducerConfig) {
		config.Retries = 2
		config.BaseRetryBackoffMs = 20
	})
	t.Scripted("PutLogs", `next 9 PutLogs: refuse 403 WriteQuotaExceed "Write quota is exceeded"`, map[string]int{"WriteQuotaExceed": 3}, func() {
		o.send("", "lost")
		o.answered(1)
		o.producer.SafeClose()
	})
	t.Equal("failures", len(o.failed), 1)
	attempts := o.failed[0].GetReservedAttempts()
	t.Equal("attempts", len(attempts), 3)
	for _, attempt := range attempts {
		t.Equal("code", attempt.ErrorCode, "WriteQuotaExceed")
		t.Equal("message", attempt.ErrorMessage, "Write quota is exceeded")
	}
	o.arrived(1, nil)
}
