import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;

/**
 * A windowed count as a Java team would write it on Kafka Streams: events of each key by the minute of their own time, ten seconds of grace, one final
 * result a window. Prints records per second, from the first result to the last, for a source of COUNT records that come to RESULTS.
 *
 * Usage: java -cp 'libs/*' WindowPeer.java exactly_once_v2|at_least_once THREADS IN_TOPIC OUT_TOPIC RESULTS COUNT
 */
public class WindowPeer {
    public static void main(String[] args) {
        String guarantee = args[0], threads = args[1], from = args[2], to = args[3];
        long results = Long.parseLong(args[4]), count = Long.parseLong(args[5]);

        Properties p = new Properties();
        p.put("application.id", "window-peer-" + System.currentTimeMillis());
        p.put("bootstrap.servers", System.getenv().getOrDefault("BROKERS", "127.0.0.1:19092"));
        p.put("auto.offset.reset", "earliest");
        p.put("processing.guarantee", guarantee);
        p.put("num.stream.threads", threads);
        p.put("state.dir", System.getProperty("java.io.tmpdir") + "/window-peer-" + ProcessHandle.current().pid());
        p.put("replication.factor", "1");
        p.put("commit.interval.ms", "100");
        p.put("producer.linger.ms", "20");
        p.put("producer.batch.size", "131072");
        p.put("consumer.max.poll.records", "5000");

        AtomicLong seen = new AtomicLong();
        long[] first = {0};
        StreamsBuilder b = new StreamsBuilder();
        b.stream(from, Consumed.with(Serdes.String(), Serdes.ByteArray()).withTimestampExtractor(WindowPeer::timeOf))
            .groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(10)))
            .count()
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
            .toStream((window, n) -> window.key())
            .mapValues((key, n) -> {
                long so = seen.incrementAndGet();
                if (so == 1) first[0] = System.nanoTime();
                if (so == results) {
                    double seconds = (System.nanoTime() - first[0]) / 1e9;
                    double share = (results - 1.0) / results;
                    System.out.printf("%s threads=%s %d records/s%n", guarantee, threads, (long) (count * share / seconds));
                    new Thread(() -> { try { Thread.sleep(500); } catch (InterruptedException ignored) { } Runtime.getRuntime().halt(0); }).start();
                }
                return Long.toString(n);
            })
            .to(to, Produced.with(Serdes.String(), Serdes.String()));
        new KafkaStreams(b.build(), p).start();
    }

    /** The event's own time, as our envelope carries it. */
    static long timeOf(ConsumerRecord<Object, Object> record, long partitionTime) {
        byte[] time = record.headers().lastHeader("ce_time").value();
        return Instant.parse(new String(time, StandardCharsets.US_ASCII)).toEpochMilli();
    }
}
