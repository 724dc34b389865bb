// StepopRun PLUGIN.so FLAVOR CONFIG REQUEST...: a whole host in Java, with JNA. Runs all steps at once, and prints their
// states, logs and results. All three are JSON. Exit status: 0 all succeeded, 1 one did not, 2 they could not be run.
//
//     java -cp /usr/share/java/jna.jar StepopRun.java ...

import com.sun.jna.Function;
import com.sun.jna.Library;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public final class StepopRun {
    // ---- stepop.h ------------------------------------------------------------------------------

    static final int ABI_VERSION = 1; // 0.1
    static final int STATE = 1, LOG_READY = 2, WARNING = 3, FORGOTTEN = 6;
    static final int LOG_DATA = 1, LOG_END = 3;
    static final int SUCCEEDED = 4;
    static final List<String> STATES =
            List.of("none", "accepted", "pending", "running", "succeeded", "failed", "cancelled", "lost");
    // In the order of the struct, whose first function is at 24.
    static final List<String> FUNCTIONS = List.of("describe", "open", "shutdown", "destroy", "check", "submit", "status",
            "wait", "next_events", "event_fd", "cancel", "attach", "logs_open", "logs_read", "logs_close", "forget",
            "release", "get_extension");

    static final class Refused extends RuntimeException {
        Refused(String why) {
            super(why);
        }
    }

    private final Pointer table;

    StepopRun(String file) {
        // RTLD_NOW, and not RTLD_GLOBAL, which is JNA's default: a plugin's symbols are its own.
        var library = NativeLibrary.getInstance(file, Map.of(Library.OPTION_OPEN_FLAGS, 2));
        table = library.getFunction("stepop_plugin_entry").invokePointer(new Object[] {ABI_VERSION});
        if (table == null) throw new Refused(file + " does not work with ABI 0.1");
    }

    // Whatever the JVM's own encoding is, texts are UTF-8.
    Function function(String name) {
        return Function.getFunction(table.getPointer(24 + 8L * FUNCTIONS.indexOf(name)), Function.C_CONVENTION, "UTF-8");
    }

    // Calls a function that returns a code and takes an error last.
    int call(String name, Object... arguments) {
        var error = new PointerByReference();
        var all = java.util.Arrays.copyOf(arguments, arguments.length + 1);
        all[arguments.length] = error;
        int code = function(name).invokeInt(all);
        var said = error.getValue();
        if (said == null) return code;
        var why = text(said, 16) + " " + text(said, 32);
        release(said);
        throw new Refused(why);
    }

    void release(Pointer object) {
        function("release").invokeVoid(new Object[] {object});
    }

    static String text(Pointer object, long offset) {
        return object.getPointer(offset).getString(0, "UTF-8");
    }

    interface Reader {
        void read(Pointer element);
    }

    // Reads the elements of a batch, which is then given back.
    void each(Pointer batch, Reader reader) {
        var elements = batch.getPointer(16);
        for (int i = 0; i < batch.getInt(8); i++) reader.read(elements.share((long) i * batch.getInt(12)));
        release(batch);
    }

    // ---- The host ------------------------------------------------------------------------------

    static final class Step {
        Pointer logs;
        int state;
        boolean logEnded, acknowledged;
    }

    static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    final Map<String, Step> steps = new HashMap<>();
    int running;

    void follow(Pointer op, Pointer event) {
        int kind = event.getInt(4);
        var id = text(event, 48);
        var step = steps.computeIfAbsent(id, none -> new Step());
        if (kind == STATE) {
            step.state = event.getInt(8);
            out.println(id + " " + STATES.get(step.state) + " " + text(event, 64));
            if (step.logs == null) {
                var logs = new PointerByReference();
                call("logs_open", op, id, null, logs, null);
                step.logs = logs.getValue();
            }
        } else if (kind == LOG_READY) {
            var lines = new PointerByReference();
            while (call("logs_read", step.logs, 256, lines) == 0) each(lines.getValue(), record -> {
                int size = (int) record.getLong(40);
                var line = size == 0 ? new byte[0] : record.getPointer(32).getByteArray(0, size);
                if (record.getInt(4) == LOG_DATA) out.println(id + " log: " + new String(line, StandardCharsets.UTF_8));
                step.logEnded = record.getInt(4) == LOG_END;
            });
        } else if (kind == WARNING) {
            System.err.println("warning: " + text(event, 64));
        } else if (kind == FORGOTTEN) {
            function("logs_close").invokeVoid(new Object[] {step.logs});
            running--;
        }
        if (step.state >= SUCCEEDED && step.logEnded && !step.acknowledged) {
            step.acknowledged = true; // all is printed: what ran it may go
            call("forget", op, id, null);
        }
    }

    boolean run(String flavor, String config, List<String> requests) {
        var opened = new PointerByReference();
        call("open", flavor, config, opened);
        var op = opened.getValue();
        for (var request : requests) call("submit", op, request, 0);
        // Java's selectors take no descriptor that is not Java's: this thread waits in next_events.
        var events = new PointerByReference();
        for (running = requests.size(); running > 0; )
            if (call("next_events", op, 64, -1L, events) == 0) each(events.getValue(), event -> follow(op, event));
        function("destroy").invokeVoid(new Object[] {op});
        return steps.values().stream().allMatch(step -> step.state == SUCCEEDED);
    }

    public static void main(String[] words) {
        try {
            if (words.length < 4) throw new Refused("usage: StepopRun PLUGIN.so FLAVOR CONFIG REQUEST...");
            var requests = List.of(words).subList(3, words.length);
            System.exit(new StepopRun(words[0]).run(words[1], words[2], requests) ? 0 : 1);
        } catch (Refused | UnsatisfiedLinkError why) {
            System.err.println("error: " + why.getMessage());
            System.exit(2);
        }
    }
}
