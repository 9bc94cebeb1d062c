// Records the golden files of this directory from Apache ZooKeeper 3.9.5. See README.md.
import java.io.File;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.apache.jute.BinaryOutputArchive;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.data.StatPersisted;
import org.apache.zookeeper.server.DataNode;
import org.apache.zookeeper.server.DataTree;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.server.persistence.TxnLog;

public class RecordGolden {
    public static void main(String[] args) {
        try {
            run(args);
            System.exit(0);
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
    }

    static void run(String[] args) throws Exception {
        File dir = new File(args[1]);
        switch (args[0]) {
        case "write": write(dir); break;
        case "restart": restart(dir); break;
        case "dump": dump(dir, new PrintStream(args[2], "UTF-8")); break;
        default: throw new IllegalArgumentException(args[0]);
        }
    }

    static NIOServerCnxnFactory factory;

    static ZooKeeperServer start(File dir) throws Exception {
        ZooKeeperServer server = new ZooKeeperServer(dir, dir, 2000);
        factory = NIOServerCnxnFactory.class.getDeclaredConstructor().newInstance();
        factory.configure(new InetSocketAddress("127.0.0.1", 0), 10);
        factory.startup(server);
        return server;
    }

    static ZooKeeper client() throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        ZooKeeper zk = new ZooKeeper("127.0.0.1:" + factory.getLocalPort(), 30000, event -> {
            if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
            }
        });
        connected.await();
        return zk;
    }

    // Every kind of transaction and of node that a standalone server makes.
    static void write(File dir) throws Exception {
        start(dir);
        List<ACL> open = ZooDefs.Ids.OPEN_ACL_UNSAFE;
        ZooKeeper zk = client();
        zk.create("/plain", "data".getBytes(), open, CreateMode.PERSISTENT);
        zk.create("/plain/empty", new byte[0], open, CreateMode.PERSISTENT);
        zk.create("/plain/null", null, open, CreateMode.PERSISTENT);
        zk.create("/plain/binary", new byte[] {0, -1, 1, -2}, open, CreateMode.PERSISTENT);
        zk.create("/umlaut-\u00e4-\u20ac", "\u00fc".getBytes("UTF-8"), open, CreateMode.PERSISTENT);
        zk.create("/create2", "two".getBytes(), open, CreateMode.PERSISTENT, new Stat());
        String sequential = zk.create("/seq-", null, open, CreateMode.PERSISTENT_SEQUENTIAL);
        zk.create("/eph", "e".getBytes(), open, CreateMode.EPHEMERAL);
        zk.create("/eph-seq-", "e".getBytes(), open, CreateMode.EPHEMERAL_SEQUENTIAL);
        zk.create("/container", null, open, CreateMode.CONTAINER);
        zk.create("/container/child", null, open, CreateMode.PERSISTENT);
        zk.create("/ttl", "t".getBytes(), open, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 123456789L);
        zk.create("/read", null, ZooDefs.Ids.READ_ACL_UNSAFE, CreateMode.PERSISTENT);
        zk.addAuthInfo("digest", "user:secret".getBytes());
        List<ACL> mixed = new ArrayList<>(ZooDefs.Ids.CREATOR_ALL_ACL);
        mixed.add(new ACL(ZooDefs.Perms.READ, new Id("ip", "127.0.0.1/8")));
        zk.create("/auth", "secret".getBytes(), mixed, CreateMode.PERSISTENT);
        zk.setACL("/plain/binary", mixed, 0);
        zk.setData("/plain", "changed".getBytes(), 0);
        zk.setData("/plain", null, 1);
        zk.setData("/plain", "again".getBytes(), -1);
        zk.create("/gone", null, open, CreateMode.PERSISTENT);
        zk.delete("/gone", 0);
        fails(() -> zk.delete("/gone", -1));
        fails(() -> zk.create("/plain", null, open, CreateMode.PERSISTENT));
        zk.multi(Arrays.asList(
            Op.check("/plain", 3),
            Op.create("/multi", "m".getBytes(), open, CreateMode.PERSISTENT),
            Op.setData("/plain", "by multi".getBytes(), 3),
            Op.create("/multi/child", null, open, CreateMode.EPHEMERAL),
            Op.delete(sequential, -1)));
        fails(() -> zk.multi(Arrays.asList(
            Op.create("/half", null, open, CreateMode.PERSISTENT),
            Op.check("/plain", 99),
            Op.delete("/plain", -1))));
        zk.create("/zookeeper/quota/plain", null, open, CreateMode.PERSISTENT);
        zk.create("/zookeeper/quota/plain/zookeeper_limits", "count=10,bytes=-1".getBytes(), open, CreateMode.PERSISTENT);
        zk.create("/zookeeper/quota/plain/zookeeper_stats", "count=1,bytes=1".getBytes(), open, CreateMode.PERSISTENT);
        zk.create("/big", new byte[70000], open, CreateMode.PERSISTENT);
        ZooKeeper other = client();
        other.create("/eph-of-other", null, open, CreateMode.EPHEMERAL);
        other.create("/eph-of-other-2", null, open, CreateMode.EPHEMERAL);
        other.close();
        zk.create("/last", null, open, CreateMode.PERSISTENT);
        // The first session stays open: its ephemerals and itself go into the snapshot.
        factory.shutdown();
    }

    interface Call {
        void run() throws Exception;
    }

    static void fails(Call call) throws Exception {
        try {
            call.run();
        } catch (KeeperException expected) {
            return;
        }
        throw new IllegalStateException("should have failed");
    }

    // A start loads everything and writes a snapshot.
    static void restart(File dir) throws Exception {
        start(dir);
        factory.shutdown();
    }

    static void dump(File dir, PrintStream out) throws Exception {
        FileTxnSnapLog files = new FileTxnSnapLog(dir, dir);
        DataTree tree = new DataTree();
        ConcurrentHashMap<Long, Integer> sessions = new ConcurrentHashMap<>();
        long zxid = files.restore(tree, sessions, (hdr, rec, digest) -> {});
        out.printf("zxid %x%n", zxid);
        out.printf("digest %x%n", tree.getTreeDigest());
        for (var session : new TreeMap<>(sessions).entrySet()) {
            out.printf("session %x %d%n", session.getKey(), session.getValue());
        }
        TreeMap<String, String> lines = new TreeMap<>();
        walk(tree, "", lines);
        lines.values().forEach(out::println);
        File logs = new File(dir, "version-2");
        try (FileTxnLog log = new FileTxnLog(logs); TxnLog.TxnIterator it = log.read(0)) {
            while (it.getHeader() != null) {
                var h = it.getHeader();
                var d = it.getDigest();
                String digest = d == null ? "-" : d.getVersion() + ":" + Long.toHexString(d.getTreeDigest());
                out.printf("txn %x %x %d %d %d %s%n", h.getZxid(), h.getClientId(), h.getCxid(),
                    h.getTime(), h.getType(), digest);
                if (!it.next()) {
                    break;
                }
            }
        }
        out.close();
    }

    static void walk(DataTree tree, String path, TreeMap<String, String> lines) throws Exception {
        DataNode node = tree.getNode(path);
        StatPersisted s = new StatPersisted();
        synchronized (node) {
            node.copyStat(new Stat());
            s = node.stat;
        }
        StringBuilder acl = new StringBuilder();
        for (ACL a : tree.getACL(node)) {
            acl.append(acl.length() == 0 ? "" : ",").append(a.getPerms()).append(':')
                .append(a.getId().getScheme()).append(':').append(a.getId().getId());
        }
        byte[] data = node.getData();
        String text = data == null ? "null" : data.length > 100 ? "length=" + data.length : hex(data);
        String name = path.isEmpty() ? "/" : path;
        lines.put(name, String.format("node %s data=%s acl=%s %x %x %d %d %d %d %d %x %x", name, text, acl,
            s.getCzxid(), s.getMzxid(), s.getCtime(), s.getMtime(), s.getVersion(), s.getCversion(),
            s.getAversion(), s.getEphemeralOwner(), s.getPzxid()));
        for (String child : node.getChildren()) {
            walk(tree, path + "/" + child, lines);
        }
    }

    static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(String.format("%02x", b));
        }
        return "[" + text + "]";
    }
}
